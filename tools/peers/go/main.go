// A peer's own Go module as a contestant of bench/assignment/run: peers PEER, then one line
// "SCENARIO COUNT" on standard input for each measurement, answered by "nanoseconds share", as
// tools/peers/speed.mjs does and with its scenarios.
//
// peers PEER agree: a line holds a plan as JSON instead, answered by the index of the variant that
// each of 100,000 ids gets, one character each, - for none (tools/peers/agree).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

const ids = 1_000_000

// ask gives the key of a variant to a user that was made of an id before, "" for none.
type ask func(name string) string

// A peer makes its user of an id; without attributes where no condition wants them.
type peer func(id string, targeted bool) ask

var peers = map[string]func([]plan) peer{
	"growthbook": growthbook, "launchdarkly": launchdarkly,
	"launchdarkly_client": launchdarklyClient, "statsig": statsig}

func cpuNanoseconds() float64 {
	const processCPUTime = 2
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, processCPUTime, uintptr(unsafe.Pointer(&now)), 0)
	return 1e9*float64(now.Sec) + float64(now.Nsec)
}

type side struct {
	start      func([]plan) peer
	peers      map[string]peer
	names, ids []string
	next       int
}

func (s *side) peer(scenario string) peer {
	if s.peers[scenario] == nil {
		count := 1
		if scenario == "many" {
			count = 1000
		}
		s.peers[scenario] = s.start(evenPlans(s.names[:count], scenario != "split"))
	}
	return s.peers[scenario]
}

// CPU nanoseconds of one evaluation, and the share of the treatment.
func (s *side) measure(scenario string, count int) (float64, float64) {
	peer, each := s.peer(scenario), 1
	if scenario == "many" {
		each = 15
	}
	treated, done := 0, 0
	before := cpuNanoseconds()
	for ; done < count; done += each {
		user := peer(s.ids[s.next%ids], scenario != "split")
		for k := 0; k < each; k++ {
			pick := 0
			if each > 1 {
				pick = (s.next*15 + k*61) % 1000
			}
			switch key := user(s.names[pick]); key {
			case "treatment":
				treated++
			case "control":
			default:
				panic(scenario + ": answered " + key)
			}
		}
		s.next++
	}
	used := cpuNanoseconds() - before
	return used / float64(done), float64(treated) / float64(done)
}

func agree(start func([]plan) peer, p plan) string {
	var answers strings.Builder
	peer := start([]plan{p})
	for i := range 100_000 {
		answers.WriteByte(p.index(peer(idOf(i, p.IDFamilies), false)(p.Name)))
	}
	return answers.String()
}

func newSide(start func([]plan) peer) *side {
	made := &side{start: start, peers: map[string]peer{}}
	for i := range 1000 {
		made.names = append(made.names, fmt.Sprintf("experiment_%d", i))
	}
	for i := range ids {
		made.ids = append(made.ids, fmt.Sprintf("user-%07d", i))
	}
	return made
}

func main() {
	if len(os.Args) < 2 || peers[os.Args[1]] == nil {
		panic("usage: peers PEER [agree]")
	}
	start := peers[os.Args[1]]
	agreeing := len(os.Args) > 2 && os.Args[2] == "agree"
	contestant := &side{}
	if !agreeing {
		contestant = newSide(start)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if agreeing {
			p := plan{number: -1}
			must(json.Unmarshal(lines.Bytes(), &p))
			fmt.Println(agree(start, p))
			continue
		}
		var scenario string
		var count int
		_, err := fmt.Sscan(lines.Text(), &scenario, &count)
		must(err)
		nanoseconds, share := contestant.measure(scenario, count)
		fmt.Println(nanoseconds, share)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
