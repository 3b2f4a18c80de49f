package main

import "fmt"

// What each peer is told to run.
type plan struct {
	Name, Salt, Scheme string
	Variants           [][2]any // Key, weight.
	Traffic            float64
	IDFamilies         int `json:"id_families"`
	number             int // Of an experiment that stands behind three conditions; -1 for none.
}

func evenPlans(names []string, targeted bool) []plan {
	plans := make([]plan, len(names))
	for i, name := range names {
		plans[i] = plan{Name: name, Salt: name, Traffic: 1, number: -1,
			Variants: [][2]any{{"control", 1.0}, {"treatment", 1.0}}}
		if targeted {
			plans[i].number = i
		}
	}
	return plans
}

func (p plan) keys() []string {
	keys := make([]string, len(p.Variants))
	for i, variant := range p.Variants {
		keys[i] = variant[0].(string)
	}
	return keys
}

func (p plan) index(key string) byte {
	for i, known := range p.keys() {
		if known == key {
			return '0' + byte(i)
		}
	}
	return '-'
}

// The variants' shares of whole, which they divide.
func (p plan) shares(whole float64) []float64 {
	total := 0.0
	for _, variant := range p.Variants {
		total += variant[1].(float64)
	}
	shares := make([]float64, len(p.Variants))
	for i, variant := range p.Variants {
		shares[i] = whole * variant[1].(float64) / total
	}
	return shares
}

func countries(i int) []string {
	return []string{"IN", "US", "UK", "BR", fmt.Sprintf("X%d", i%10)}
}

func floor(i int) string { return fmt.Sprintf("2.%d.0", i%4) }

// The last version below the one that experiment i asks for.
func below(i int) string {
	if i%4 == 0 {
		return "1.999.0"
	}
	return fmt.Sprintf("2.%d.999", i%4-1)
}

// idOf of tools/peers/schemes.mjs.
func idOf(i, families int) string {
	spread := uint64(i) * 2654435761 & 0xffffffff
	switch i % families {
	case 0:
		return fmt.Sprintf("user_%d", i)
	case 1:
		return fmt.Sprint(i)
	case 2:
		return fmt.Sprintf("person%d@example.com", i)
	case 3:
		return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", spread, i&0xffff, i&0xfff, i&0xfff, spread)
	}
	return fmt.Sprintf("ユーザー%d🦊é", i)
}
