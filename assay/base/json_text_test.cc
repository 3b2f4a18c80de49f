#include "assay/base/json_text.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

std::string fault_of(std::string_view json) {
  const auto fault = json_fault(json);
  return fault ? fault->field + ' ' + fault->message : "";
}

TEST(JsonText, AMemberTwiceIsAFault) {
  EXPECT_EQ(fault_of(R"({"a":1,"a":1})"), "a is there twice");
  EXPECT_EQ(fault_of(R"({"context":{"device":{"os":"a","v":{},"os":"b"}}})"),
            "context.device.os is there twice");
  EXPECT_EQ(fault_of(R"({"units":[{"id":"a"},{"id":"b","x":[[],{"k":1,"k":2}]}]})"),
            "units[1].x[1].k is there twice");
  EXPECT_EQ(fault_of(R"([{"a":{}},{"a":{"b":1,"c":{"b":1},"b":1}}])"), "[1].a.b is there twice");
  EXPECT_EQ(fault_of(R"({"":1,"":2})"), "\"\" is there twice");
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += '"' + std::to_string(i) + R"(":0,)";
  EXPECT_EQ(fault_of(many + R"("x":0})"), "");
  EXPECT_EQ(fault_of(many + R"("500":0})"), "500 is there twice");
}

TEST(JsonText, NamesAreComparedAsTheyAreRead) {
  EXPECT_EQ(fault_of(R"({"a":1,"\u0061":2})"), "a is there twice");
  EXPECT_EQ(fault_of(R"({"\n\"\/\\":1,"\u000A\u0022/\u005c":2})"), "\n\"/\\ is there twice");
  EXPECT_EQ(fault_of(R"({"\u00e9\u20ac\ud83d\ude00":1,"\u00E9\u20AC\uD83D\uDE00":2})"),
            "\u00e9\u20ac\U0001f600 is there twice");
  EXPECT_EQ(fault_of("{\"\u00e9\u20ac\U0001f600\":1,\"\\u00e9\\u20ac\\ud83d\\ude00\":2}"),
            "\u00e9\u20ac\U0001f600 is there twice");
  EXPECT_EQ(fault_of(R"({"a\u0000":1,"a":2,"A":3,"a ":4,"\\u0061":5})"), "");
}

TEST(JsonText, WhatLooksLikeAMemberIsNone) {
  for (const char* json : {R"({"a":"a","b":["a","a",{"a":1}],"c":{"a":1}})", R"(["a","a"])", "[]",
                           R"({"a":"\",\"a\":","b":1})", R"("a")", "{}", "", "7",
                           R"([{"a":1},{"a":2}])", R"({"x":{"a":1},"y":{"a":2}})"}) {
    EXPECT_EQ(fault_of(json), "") << json;
  }
}

TEST(JsonText, ANumberThatNoDoubleHoldsIsAFault) {
  EXPECT_EQ(fault_of(R"({"a":[0,{"b":-1e400}]})"), "a[1].b is a number that is too large: -1e400");
  EXPECT_EQ(fault_of("[" + std::string(400, '9') + "]"),
            "[0] is a number that is too large: 99999999999999999999");
  EXPECT_EQ(json_fault("[1e999]")->hint, "the largest is about 1.8e308");
  for (const char* fine : {"[1e308]", "[1e-400]", "[18446744073709551616]", "[0e999]", "[-0]",
                           R"(["1e400"])", R"({"1e400":1})"}) {
    EXPECT_EQ(fault_of(fine), "") << fine;
  }
}

TEST(JsonText, PlacesAreText) {
  EXPECT_EQ(fault_of(R"({"\ud800x":1e400})").substr(0, 4), "\xef\xbf\xbdx");
  EXPECT_EQ(fault_of(R"({"\ud800\u0041":1e400})").substr(0, 3), "\xef\xbf\xbd");
  std::string name(199, 'x');
  name += "\xe2\x82\xac";
  EXPECT_EQ(json_fault("{\"" + name + "\":1e400}")->field, name.substr(0, 199));
}

TEST(JsonText, WhatOnlySomeReadersTakeIsAFault) {
  EXPECT_EQ(fault_of(R"({"a":{"b":[1,{"c":2}, ]}})"),
            "a.b[1] is followed by a comma and nothing else");
  EXPECT_EQ(fault_of("{\"a\":1,\r\n\t}"), "a is followed by a comma and nothing else");
  EXPECT_EQ(fault_of(R"([1,{"a":-Infinity}])"), "[1].a is Infinity, which is not in JSON");
  EXPECT_EQ(fault_of(R"({"a":1,"b":nan})"), "b is nan, which is not in JSON");
  EXPECT_EQ(fault_of(R"({"a":[true,false,null,"NaN,"],"b":1})"), "");
}

TEST(JsonText, WhatIsNoJsonEndsThePass) {
  for (const char* json :
       {"{", "}", "]]", ",", "{\"a", "{\"a\\", "{\"\\u", "{\"\\ud800\\u", "[1e", "1e", "-",
        "{\"a\":1,\"a\":2", "\"\\", "[}", "{]", "{\"\\ud800\\udc\":1}"}) {
    EXPECT_EQ(fault_of(json), "") << json;
  }
}

TEST(JsonText, WholeNumbersOfAnyLengthGetAFraction) {
  EXPECT_EQ(with_fractions(R"({"a":18446744073709551616,"b":[-9223372036854775809, 1]})"),
            R"({"a":18446744073709551616.0,"b":[-9223372036854775809.0, 1]})");
  for (const char* same :
       {"", "12", "123456789012345678", "[18446744073709551615,-9223372036854775808]",
        "1234567890123456789.5", "\"", "1234567890123456789e2",
        R"(["1234567890123456789\"1234567890123456789"])", R"("\\)"}) {
    EXPECT_EQ(with_fractions(same), same);
  }
}

}  // namespace
}  // namespace assay
