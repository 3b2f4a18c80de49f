#include "assay/io/duckdb/impressions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

using testing::HasSubstr;
using testing::Not;

class Impressions : public testing::Test {
 protected:
  InterleavedLog read(const std::string& impressions, const std::string& clicks) {
    const auto log = read_impressions({impressions}, {clicks});
    EXPECT_TRUE(log) << to_text(log.error());
    return log ? *log : InterleavedLog{};
  }
  std::string problems(const std::string& impressions, const std::string& clicks) {
    const auto log = read_impressions({impressions}, {clicks});
    EXPECT_FALSE(log);
    return log ? "" : to_text(log.error());
  }
  TestFolder folder_;
  const std::string clicks_ = folder_.write("clicks.csv",
                                            "impression,item,time\n"
                                            "i1,b,1\n"
                                            "i1,b,2\n"
                                            "i2,a,3\n"
                                            "i2,c,3\n"
                                            "i3,a,3\n"
                                            "i3,b,3\n"
                                            "i4,zzz,3\n"
                                            "i9,a,3\n");
};

TEST_F(Impressions, TeamDraftCreditsTeamsAndCountsUnits) {
  const std::string shown = folder_.write("i.csv",
                                          "impression,unit,position,item,team\n"
                                          "i1,u1,1,a,control\n"
                                          "i1,u1,2,b,treatment\n"
                                          "i2,u1,1,a,treatment\n"
                                          "i2,u1,2,b,control\n"
                                          "i2,u1,3,c,treatment\n"
                                          "i3,u2,2,b,treatment\n"
                                          "i3,u2,1,a,control\n"
                                          "i4,u3,1,a,\n"
                                          "i4,u3,2,b,nobody\n");
  const InterleavedLog log = read(shown, clicks_);
  EXPECT_TRUE(log.is_team_draft);
  EXPECT_EQ(log.impressions, 4);
  EXPECT_EQ(log.clicked, 3);
  EXPECT_EQ(log.wins, 2);
  EXPECT_EQ(log.losses, 0);
  EXPECT_EQ(log.control_first, 2);
  EXPECT_EQ(log.treatment_first, 1);
  EXPECT_EQ(log.clicks, 8);
  EXPECT_EQ(log.repeated, 1);
  EXPECT_EQ(log.unknown, 2) << "an item that was not shown, an impression that is not there";
  ASSERT_EQ(log.units.size(), 2U) << "u2 and u3 are alike";
  EXPECT_EQ(log.units[0].ties, 1);
  EXPECT_EQ(log.units[0].units, 2);
  EXPECT_EQ(log.units[1].wins, 2);
}

TEST_F(Impressions, BalancedCreditsByRanksInTheOrderShown) {
  // The lowest click of i2 is c, at rank 2 of treatment: a and c count there, only a in control.
  const std::string shown = folder_.write("i.csv",
                                          "request,position,item_id,control_rank,treatment_rank\n"
                                          "i2,3,c,3,2\n"
                                          "i2,1,a,1,1\n"
                                          "i2,2,b,2,0\n"
                                          "i1,1,b,1,\n");
  const InterleavedLog log = read(shown, clicks_);
  EXPECT_FALSE(log.is_team_draft);
  EXPECT_EQ(log.impressions, 2);
  EXPECT_EQ(log.wins, 1);
  EXPECT_EQ(log.losses, 1);
  EXPECT_EQ(log.control_first, 1) << "a is on top of both";
  EXPECT_EQ(log.units.size(), 2U) << "without a unit, each impression is one";
}

TEST_F(Impressions, SeveralFilesAreOneLog) {
  const std::string head = "impression,position,item,team\n";
  const std::string one = folder_.write("1.csv", head + "i1,1,b,treatment\n");
  const std::string two = folder_.write("2.csv", head + "i2,1,a,control\ni2,2,c,control\n");
  const auto log = read_impressions({one, two}, {clicks_});
  ASSERT_TRUE(log);
  EXPECT_EQ(log->wins, 1);
  EXPECT_EQ(log->losses, 1);
}

TEST_F(Impressions, EveryProblemHasItsPlace) {
  const std::string shown = folder_.write("i.csv",
                                          "impression,unit,position,item,team\n"
                                          "i1,u1,top,a,control\n"
                                          "i1,u1,2,b,treatmint\n"
                                          "i1,,3,c,control\n"
                                          "i1,u1,4,d,control\n"
                                          "i1,u2,5,e,control\n"
                                          ",u2,5,e,control\n");
  const std::string text = problems(shown, clicks_);
  EXPECT_THAT(text, HasSubstr("i.csv:2: error: position: \"top\" is not a finite number"));
  EXPECT_THAT(text, HasSubstr("i.csv:3: error: team: \"treatmint\" is no team"));
  EXPECT_THAT(text, HasSubstr("i.csv:4: error: unit: is missing"));
  EXPECT_THAT(text, HasSubstr("i.csv:6: error: unit: the impression was of another unit"));
  EXPECT_THAT(text, HasSubstr("i.csv:7: error: impression: is missing"));
  const std::string ranks = folder_.write("r.csv",
                                          "impression,position,item,control_rank,treatment_rank\n"
                                          "i1,1,a,1.5,1\ni1,2,b,1,-1\n");
  EXPECT_THAT(problems(ranks, clicks_), HasSubstr("control_rank: \"1.5\" is not a rank"));
  EXPECT_THAT(problems(ranks, clicks_), HasSubstr("treatment_rank: \"-1\" is not a rank"));
}

// An impression may be logged twice, but two lists under its name would mix their credit.
TEST_F(Impressions, AnImpressionIsOneList) {
  const std::string head = "impression,unit,position,item,team\n";
  const std::string list = "i1,u1,1,a,control\ni1,u1,2,b,treatment\n";
  const InterleavedLog twice = read(folder_.write("twice.csv", head + list + list), clicks_);
  EXPECT_EQ(twice.impressions, 1);
  EXPECT_EQ(twice.wins, 1);
  const std::string other = "i1,u1,1,b,treatment\ni1,u1,2,a,control\n";
  const std::string text = problems(folder_.write("two.csv", head + list + other), clicks_);
  EXPECT_THAT(text, HasSubstr("two.csv:4: error: item: was shown before in this impression, in "
                              "another place or team (another list that is shown has an "
                              "impression of its own)"));
  EXPECT_THAT(text, HasSubstr("two.csv:4: error: position: another item was on top"));
  EXPECT_THAT(text, Not(HasSubstr("two.csv:5"))) << "nobody clicked on it";
  const std::string ranks = "impression,position,item,control_rank,treatment_rank\n";
  EXPECT_THAT(problems(folder_.write("r.csv", ranks + "i1,2,b,2,1\ni1,2,b,1,1\n"), clicks_),
              HasSubstr("r.csv:3: error: item: was shown before"));
}

TEST_F(Impressions, ColumnsAreAskedForByName) {
  const std::string none = folder_.write("n.csv", "impression,place,item\ni1,1,a\n");
  const std::string both = folder_.write(
      "b.csv", "impression,position,item,team,control_rank,treatment_rank\ni1,1,a,,1,1\n");
  const std::string draft = folder_.write("d.csv", "impression,position,item,team\ni1,1,a,\n");
  const std::string ranks =
      folder_.write("r.csv", "impression,position,item,control_rank,treatment_rank\ni2,1,a,1,1\n");
  EXPECT_THAT(problems(none, none), HasSubstr("position: no column for it"));
  EXPECT_THAT(problems(none, none), HasSubstr("neither team nor control_rank"));
  EXPECT_THAT(problems(both, clicks_), HasSubstr("both team and"));
  EXPECT_THAT(problems(draft, folder_.file("missing.csv")), HasSubstr("there is no file"));
  const auto mixed = read_impressions({draft, ranks}, {clicks_});
  ASSERT_FALSE(mixed);
  EXPECT_THAT(to_text(mixed.error()), HasSubstr("two schemes"));
}

TEST_F(Impressions, ManyProblemsAreCounted) {
  std::string text = "impression,position,item,team\n";
  for (int i = 0; i < 50; ++i) text += "i" + std::to_string(i) + ",x,a,control\n";
  EXPECT_THAT(problems(folder_.write("i.csv", text), clicks_), HasSubstr("and 30 more problems"));
}

}  // namespace
}  // namespace assay::io::duckdb
