// Go's SDK against a live server, as tools/sdks/run asks: growthbook-golang on /api/features and /sub.
// The task comes as one JSON line on standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"os"
	"time"

	gb "github.com/growthbook/growthbook-golang"
)

type task struct {
	Url, Key, Later string
	Units           []struct {
		Id         string
		Attributes gb.Attributes
	}
	Flags map[string]any
}

type row struct {
	Unit    string `json:"unit"`
	Flag    string `json:"flag"`
	Value   any    `json:"value"`
	Variant string `json:"variant"`
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func readTask() (wanted task) {
	line, err := bufio.NewReader(os.Stdin).ReadBytes('\n')
	must(err)
	must(json.Unmarshal(line, &wanted))
	return wanted
}

func say(value any) { must(json.NewEncoder(os.Stdout).Encode(value)) }

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	wanted, background := readTask(), context.Background()
	client, err := gb.NewClient(background, gb.WithApiHost(wanted.Url), gb.WithClientKey(wanted.Key),
		gb.WithSseDataSource())
	must(err)
	must(client.EnsureLoaded(background))
	answers := []row{}
	for _, unit := range wanted.Units {
		unit.Attributes["id"] = unit.Id
		asked, err := client.WithAttributes(unit.Attributes)
		must(err)
		for flag := range wanted.Flags {
			found := asked.EvalFeature(background, flag)
			answer := row{Unit: unit.Id, Flag: flag, Value: found.Value}
			if found.ExperimentResult != nil {
				answer.Variant = found.ExperimentResult.Key
			}
			answers = append(answers, answer)
		}
	}
	say(map[string]any{"ready": true})
	heard := func() bool { return client.Features()[wanted.Later] != nil }
	for until := time.Now().Add(time.Minute); time.Now().Before(until) && !heard(); {
		time.Sleep(100 * time.Millisecond)
	}
	say(map[string]any{"answers": answers, "heard": heard()})
}
