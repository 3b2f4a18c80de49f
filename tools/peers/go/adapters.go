package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	gb "github.com/growthbook/growthbook-golang"
	"github.com/launchdarkly/go-sdk-common/v3/ldcontext"
	evaluation "github.com/launchdarkly/go-server-sdk-evaluation/v3"
	"github.com/launchdarkly/go-server-sdk-evaluation/v3/ldmodel"
	ld "github.com/launchdarkly/go-server-sdk/v7"
	"github.com/launchdarkly/go-server-sdk/v7/ldcomponents"
	"github.com/launchdarkly/go-server-sdk/v7/testhelpers/ldtestdata"
	statsigsdk "github.com/statsig-io/go-sdk"
)

type object = map[string]any

func toJSON(value any) string {
	text, err := json.Marshal(value)
	must(err)
	return string(text)
}

func growthbook(plans []plan) peer {
	features := object{}
	for _, p := range plans {
		version := 2
		if p.Scheme == "growthbook_v1" {
			version = 1
		}
		rule := object{"key": p.Name, "seed": p.Salt, "coverage": p.Traffic, "hashVersion": version,
			"variations": p.keys(), "weights": p.shares(1)}
		if p.number >= 0 {
			rule["condition"] = object{"country": object{"$in": countries(p.number)}, "platform": "ios",
				"version": object{"$vgte": floor(p.number)}}
		}
		features[p.Name] = object{"defaultValue": "", "rules": []any{rule}}
	}
	background := context.Background()
	client, err := gb.NewClient(background, gb.WithJsonFeatures(toJSON(features)),
		gb.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	must(err)
	return func(id string, targeted bool) ask {
		attributes := gb.Attributes{"id": id}
		if targeted {
			attributes["country"], attributes["platform"], attributes["version"] = "BR", "ios", "2.10.3"
		}
		user, err := client.WithAttributes(attributes)
		must(err)
		return func(name string) string {
			key, _ := user.EvalFeature(background, name).Value.(string)
			return key
		}
	}
}

func launchdarklyFlags(plans []plan) []ldmodel.FeatureFlag {
	clause := func(attribute, op string, values ...string) object {
		return object{"contextKind": "user", "attribute": attribute, "op": op, "values": values}
	}
	flags := []ldmodel.FeatureFlag{}
	for _, p := range plans {
		parts := []object{}
		for i, weight := range p.shares(100_000) {
			parts = append(parts, object{"variation": i, "weight": int(weight)})
		}
		rollout := object{"kind": "experiment", "contextKind": "user", "variations": parts}
		if seed, err := strconv.Atoi(p.Salt); err == nil {
			rollout["seed"] = seed
		}
		wire := object{"key": p.Name, "version": 1, "on": true, "salt": p.Salt, "variations": p.keys(),
			"offVariation": 0, "fallthrough": object{"rollout": rollout}}
		if p.number >= 0 {
			wire["fallthrough"] = object{"variation": 0}
			wire["rules"] = []object{{"id": "all", "rollout": rollout, "clauses": []object{
				clause("country", "in", countries(p.number)...), clause("platform", "in", "ios"),
				clause("version", "semVerGreaterThan", below(p.number))}}}
		}
		flag, err := ldmodel.NewJSONDataModelSerialization().UnmarshalFeatureFlag([]byte(toJSON(wire)))
		must(err)
		flags = append(flags, flag)
	}
	return flags
}

func launchdarklyUser(id string, targeted bool) ldcontext.Context {
	if !targeted {
		return ldcontext.New(id)
	}
	return ldcontext.NewBuilder(id).SetString("country", "BR").SetString("platform", "ios").
		SetString("version", "2.10.3").Build()
}

// The flags of LaunchDarkly's evaluation engine; its SDK's store is a map from key to flag as well.
type flags map[string]*ldmodel.FeatureFlag

func (f flags) GetFeatureFlag(key string) *ldmodel.FeatureFlag { return f[key] }
func (f flags) GetSegment(string) *ldmodel.Segment             { return nil }

func launchdarkly(plans []plan) peer {
	known := flags{}
	for _, flag := range launchdarklyFlags(plans) {
		known[flag.Key] = &flag
	}
	evaluator := evaluation.NewEvaluator(known)
	return func(id string, targeted bool) ask {
		user := launchdarklyUser(id, targeted)
		return func(name string) string {
			return evaluator.Evaluate(known[name], user, nil).Detail.Value.StringValue()
		}
	}
}

// The client around it, with its own source of test data and no events.
func launchdarklyClient(plans []plan) peer {
	source := ldtestdata.DataSource()
	for _, flag := range launchdarklyFlags(plans) {
		source.UsePreconfiguredFlag(flag)
	}
	client, err := ld.MakeCustomClient("none", ld.Config{DataSource: source,
		Events: ldcomponents.NoEvents(), Logging: ldcomponents.NoLogging(),
		DiagnosticOptOut: true}, 10*time.Second)
	must(err)
	return func(id string, targeted bool) ask {
		user := launchdarklyUser(id, targeted)
		return func(name string) string {
			key, _ := client.StringVariation(name, user, "")
			return key
		}
	}
}

func statsig(plans []plan) peer {
	condition := func(kind, field, operator string, target any, extra object) object {
		return object{"type": kind, "field": field, "operator": operator, "targetValue": target,
			"idType": "userID", "additionalValues": extra}
	}
	configs := []object{}
	for _, p := range plans {
		needs := []object{}
		if i := p.number; i >= 0 {
			needs = append(needs, condition("user_field", "country", "any", countries(i), nil),
				condition("user_field", "platform", "any", []string{"ios"}, nil),
				condition("user_field", "version", "version_gte", floor(i), nil))
		}
		rules, end := []object{}, 0.0
		for i, share := range p.shares(1000) {
			end += share
			key := p.keys()[i]
			bucket := condition("user_bucket", "", "lt", end, object{"salt": p.Salt})
			rules = append(rules, object{"name": key, "groupName": key, "id": key, "salt": key,
				"passPercentage": 100, "idType": "userID", "returnValue": object{"key": key},
				"conditions": append(append([]object{}, needs...), bucket)})
		}
		configs = append(configs, object{"name": p.Name, "type": "dynamic_config", "salt": p.Salt,
			"enabled": true, "defaultValue": object{}, "idType": "userID", "entity": "experiment",
			"isActive": true, "explicitParameters": []string{"key"}, "hasSharedParams": false, "rules": rules})
	}
	specs := object{"has_updates": true, "time": 1, "feature_gates": []any{}, "layer_configs": []any{},
		"layers": object{}, "id_lists": object{}, "dynamic_configs": configs}
	client := statsigsdk.NewClientWithOptions("secret-none", &statsigsdk.Options{
		LocalMode: true, BootstrapValues: toJSON(specs),
		OutputLoggerOptions: statsigsdk.OutputLoggerOptions{LogCallback: func(text string, err error) {
			if err != nil {
				panic(fmt.Sprint(text, err))
			}
		}},
		StatsigLoggerOptions: statsigsdk.StatsigLoggerOptions{DisableAllLogging: true},
		IPCountryOptions:     statsigsdk.IPCountryOptions{Disabled: true},
		UAParserOptions:      statsigsdk.UAParserOptions{Disabled: true}})
	return func(id string, targeted bool) ask {
		user := statsigsdk.User{UserID: id}
		if targeted {
			user.Country = "BR"
			user.Custom = object{"platform": "ios", "version": "2.10.3"}
		}
		return func(name string) string {
			experiment := client.GetExperimentWithExposureLoggingDisabled(user, name)
			key, _ := experiment.Value["key"].(string)
			return key
		}
	}
}
