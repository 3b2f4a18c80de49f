//! One adapter for each peer's evaluator, over its public interface and its fastest configuration; no
//! events. Those that a client stands around are in clients.rs once more, by that client.
use crate::plan::{Plan, below, countries, floor};
use growthbook_rust::model_public::{GrowthBookAttribute, GrowthBookAttributeValue};
use launchdarkly_server_sdk_evaluation as launchdarkly;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// What every user carries when conditions ask for it.
const ATTRIBUTES: [(&str, &str); 3] =
    [("country", "BR"), ("platform", "ios"), ("version", "2.10.3")];

pub fn attributes(targeted: bool) -> &'static [(&'static str, &'static str)] {
    if targeted { &ATTRIBUTES } else { &[] }
}

pub trait Peer {
    type User;
    fn start(plans: &[Plan]) -> Self;
    fn user(&self, id: &str, targeted: bool) -> Self::User;
    /// Calls `read` with the variant's key, or with "" when the user has none.
    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R;
}

pub fn by_name(plans: &[Plan], make: impl Fn(&Plan) -> Value) -> Value {
    plans
        .iter()
        .map(|plan| (plan.name.clone(), make(plan)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

pub fn eppo_configuration(plans: &[Plan]) -> String {
    let flags = by_name(plans, |plan| {
        let conditions = plan.targeted.map(|i| {
            json!([{ "conditions": [
                { "attribute": "country", "operator": "ONE_OF", "value": countries(i) },
                { "attribute": "platform", "operator": "ONE_OF", "value": ["ios"] },
                { "attribute": "version", "operator": "GTE", "value": floor(i) }] }])
        });
        let split = |(key, (start, end)): (&&str, (u64, u64))| {
            json!({ "variationKey": key, "extraLogging": {}, "shards": [
                { "salt": plan.salt, "ranges": [{ "start": start, "end": end }] }] })
        };
        let splits: Vec<Value> = plan.keys().iter().zip(plan.ranges(10_000)).map(split).collect();
        let variations: serde_json::Map<String, Value> = plan
            .keys()
            .iter()
            .map(|key| (key.to_string(), json!({ "key": key, "value": key })))
            .collect();
        json!({ "key": plan.name, "enabled": true, "variationType": "STRING",
            "totalShards": 10_000, "variations": variations, "allocations": [{
                "key": "all", "doLog": false, "splits": splits,
                "rules": conditions.unwrap_or(json!([])) }] })
    });
    json!({ "createdAt": "2026-01-01T00:00:00.000Z", "format": "SERVER",
        "environment": { "name": "speed" }, "flags": flags })
    .to_string()
}

pub type EppoUser = (eppo_core::Str, Arc<eppo_core::Attributes>);

pub fn eppo_user(id: &str, targeted: bool) -> EppoUser {
    let pairs = attributes(targeted).iter().map(|(key, value)| ((*key).into(), (*value).into()));
    (id.into(), Arc::new(pairs.collect()))
}

pub struct Eppo(eppo_core::eval::Evaluator);

impl Peer for Eppo {
    type User = EppoUser;

    fn start(plans: &[Plan]) -> Self {
        let metadata = eppo_core::SdkMetadata { name: "peers", version: "1" };
        let flags = eppo_core::ufc::UniversalFlagConfig::from_json(
            metadata.clone(),
            eppo_configuration(plans).into_bytes(),
        );
        let store = Arc::new(eppo_core::configuration_store::ConfigurationStore::new());
        store.set_configuration(Arc::new(eppo_core::Configuration::from_server_response(
            flags.expect("flags"),
            None,
        )));
        Eppo(eppo_core::eval::Evaluator::new(eppo_core::eval::EvaluatorConfig {
            configuration_store: store,
            sdk_metadata: metadata,
        }))
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        eppo_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, (id, attributes): &Self::User, read: impl FnOnce(&str) -> R) -> R {
        let kind = Some(eppo_core::ufc::VariationType::String);
        match self.0.get_assignment(name, id, attributes, kind) {
            Ok(Some(assignment)) => match &assignment.value {
                eppo_core::ufc::AssignmentValue::String(key) => read(key.as_str()),
                _ => read(""),
            },
            _ => read(""),
        }
    }
}

pub fn flagd_targeting(plan: &Plan) -> Value {
    let parts: Vec<Value> = plan.variants.iter().map(|pair| json!([pair.0, pair.1])).collect();
    let split = json!({ "fractional": parts });
    plan.targeted.map_or(split.clone(), |i| {
        json!({ "if": [{ "and": [
            { "in": [{ "var": "country" }, countries(i)] },
            { "==": [{ "var": "platform" }, "ios"] },
            { "sem_ver": [{ "var": "version" }, ">=", floor(i)] }] }, split, "control"] })
    })
}

pub fn open_feature_user(id: &str, targeted: bool) -> open_feature::EvaluationContext {
    let mut context = open_feature::EvaluationContext::default().with_targeting_key(id);
    for (key, value) in attributes(targeted) {
        context.add_custom_field(*key, *value);
    }
    context
}

/// The evaluator inside flagd's Rust provider, without the provider's locks and copies around it.
pub struct Flagd(flagd_evaluation_engine::Operator, HashMap<String, String>);

impl Peer for Flagd {
    type User = open_feature::EvaluationContext;

    fn start(plans: &[Plan]) -> Self {
        let rules = plans.iter().map(|plan| (plan.name.clone(), flagd_targeting(plan).to_string()));
        Flagd(flagd_evaluation_engine::Operator::new(), rules.collect())
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        open_feature_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        match self.0.apply(name, &self.1[name], user) {
            Ok(Some(key)) => read(&key),
            _ => read(""),
        }
    }
}

pub fn growthbook_features(plans: &[Plan]) -> Value {
    by_name(plans, |plan| {
        let weights: Vec<f64> = plan.shares(10).iter().map(|share| *share as f64 / 10.0).collect();
        let mut rule = json!({ "key": plan.name, "seed": plan.salt, "coverage": plan.traffic,
            "hashVersion": if plan.scheme == "growthbook_v1" { 1 } else { 2 },
            "variations": plan.keys(), "weights": weights });
        if let Some(i) = plan.targeted {
            rule["condition"] = json!({ "country": { "$in": countries(i) }, "platform": "ios",
                "version": { "$vgte": floor(i) } });
        }
        json!({ "defaultValue": "", "rules": [rule] })
    })
}

pub type GrowthBookUser = Option<Vec<GrowthBookAttribute>>;

pub fn growthbook_user(id: &str, targeted: bool) -> GrowthBookUser {
    let pairs = [("id", id)].into_iter().chain(attributes(targeted).iter().copied());
    let text = |value: &str| GrowthBookAttributeValue::String(value.to_string());
    Some(pairs.map(|(key, value)| GrowthBookAttribute::new(key.to_string(), text(value))).collect())
}

/// GrowthBook::check, which its client calls on a copy of all features made for each call.
pub struct GrowthBook(growthbook_rust::growthbook::GrowthBook);

impl Peer for GrowthBook {
    type User = GrowthBookUser;

    fn start(plans: &[Plan]) -> Self {
        GrowthBook(growthbook_rust::growthbook::GrowthBook {
            forced_variations: None,
            features: serde_json::from_value(growthbook_features(plans)).expect("features"),
            attributes: None,
            sticky_bucket_service: None,
            saved_groups: HashMap::new(),
        })
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        growthbook_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        read(self.0.check(name, user).value.as_str().unwrap_or(""))
    }
}

pub fn launchdarkly_flags(plans: &[Plan]) -> HashMap<String, launchdarkly::Flag> {
    let clause = |attribute: &str, op: &str, values: Vec<String>| {
        let kind = "user";
        json!({ "contextKind": kind, "attribute": attribute, "op": op, "values": values })
    };
    let flags = by_name(plans, |plan| {
        let part = |(i, weight)| json!({ "variation": i, "weight": weight });
        let parts: Vec<Value> = plan.shares(100_000).into_iter().enumerate().map(part).collect();
        let split = json!({ "kind": "experiment", "contextKind": "user", "variations": parts,
            "seed": plan.salt.parse::<i64>().ok() });
        let rule = |i| {
            json!({ "id": "all", "rollout": split, "trackEvents": false, "clauses": [
                clause("country", "in", countries(i)),
                clause("platform", "in", vec!["ios".into()]),
                clause("version", "semVerGreaterThan", vec![below(i)])] })
        };
        let rules: Vec<Value> = plan.targeted.into_iter().map(rule).collect();
        let others =
            if rules.is_empty() { json!({ "rollout": split }) } else { json!({ "variation": 0 }) };
        json!({ "key": plan.name, "version": 1, "on": true, "salt": plan.salt,
            "variations": plan.keys(), "offVariation": 0, "prerequisites": [], "targets": [],
            "rules": rules, "fallthrough": others })
    });
    serde_json::from_value(flags).expect("flags")
}

pub fn launchdarkly_user(id: &str, targeted: bool) -> launchdarkly::Context {
    let mut builder = launchdarkly::ContextBuilder::new(id);
    for (key, value) in attributes(targeted) {
        builder.set_string(key, *value);
    }
    builder.build().expect("a context")
}

/// LaunchDarkly's evaluation engine; the store of its SDK is a map from key to flag as well.
pub struct LaunchDarkly(HashMap<String, launchdarkly::Flag>, NoStore);

pub struct NoStore;

impl launchdarkly::Store for NoStore {
    fn flag(&self, _: &str) -> Option<launchdarkly::Flag> {
        None
    }
    fn segment(&self, _: &str) -> Option<launchdarkly::Segment> {
        None
    }
}

impl Peer for LaunchDarkly {
    type User = launchdarkly::Context;

    fn start(plans: &[Plan]) -> Self {
        LaunchDarkly(launchdarkly_flags(plans), NoStore)
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        launchdarkly_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        match launchdarkly::evaluate(&self.1, &self.0[name], user, None).value {
            Some(launchdarkly::FlagValue::Str(key)) => read(key),
            _ => read(""),
        }
    }
}

/// Of a single thread, for what a client does beside its evaluations.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

pub struct Statsig(statsig_rust::Statsig, #[allow(dead_code)] tokio::runtime::Runtime);

impl Peer for Statsig {
    type User = statsig_rust::StatsigUser;

    fn start(plans: &[Plan]) -> Self {
        let mut conditions = serde_json::Map::new();
        let mut condition = |key: String, fields: Value| {
            let mut made = json!({ "additionalValues": null, "isDeviceBased": false,
                "idType": "userID", "field": null, "operator": null, "targetValue": null });
            made.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            conditions.insert(key.clone(), made);
            key
        };
        let mut configs = serde_json::Map::new();
        for plan in plans {
            let mut needs = vec![];
            for (name, operator, value) in plan.targeted.into_iter().flat_map(|i| {
                [
                    ("country", "any", json!(countries(i))),
                    ("platform", "any", json!(["ios"])),
                    ("version", "version_gte", json!(floor(i))),
                ]
            }) {
                let key = format!("{name} {value}");
                let field = json!({ "type": "user_field", "field": name, "operator": operator,
                    "targetValue": value });
                needs.push(condition(key, field));
            }
            let mut rules = vec![];
            for (key, (_, end)) in plan.keys().iter().zip(plan.ranges(1000)) {
                let bucket = json!({ "type": "user_bucket", "operator": "lt", "targetValue": end,
                    "additionalValues": { "salt": plan.salt } });
                let bucket = condition(format!("{} {end}", plan.name), bucket);
                rules.push(json!({ "name": key, "groupName": key, "id": key, "salt": key,
                    "passPercentage": 100, "idType": "userID", "isExperimentGroup": true,
                    "returnValue": { "key": key },
                    "conditions": ([needs.clone(), vec![bucket]].concat()) }));
            }
            let config = json!({ "type": "dynamic_config", "salt": plan.salt, "enabled": true,
                "defaultValue": {}, "idType": "userID", "isActive": true, "entity": "experiment",
                "hasSharedParams": false, "explicitParameters": ["key"], "version": 1,
                "rules": rules });
            configs.insert(plan.name.clone(), config);
        }
        let specs = json!({ "has_updates": true, "time": 1, "feature_gates": {},
            "layer_configs": {}, "layers": {}, "id_lists": {}, "experiment_to_layer": {},
            "param_stores": {}, "dynamic_configs": configs, "condition_map": conditions });
        let runtime = runtime();
        let statsig = statsig_rust::Statsig::new(
            "secret-none",
            Some(Arc::new(statsig_rust::StatsigOptions {
                specs_adapter: Some(Arc::new(statsig_rust::StatsigBootstrapSpecsAdapter::new(
                    specs.to_string(),
                ))),
                disable_network: Some(true),
                disable_all_logging: Some(true),
                disable_country_lookup: Some(true),
                ..Default::default()
            })),
        );
        runtime.block_on(statsig.initialize()).expect("initialized");
        Statsig(statsig, runtime)
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        let builder = statsig_rust::StatsigUserBuilder::new_with_user_id(id);
        let [country, rest @ ..] = attributes(targeted) else { return builder.build() };
        let pairs = rest.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        builder.country(Some(country.1.into())).custom_from_str_map(Some(pairs.collect())).build()
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        let options = statsig_rust::ExperimentEvaluationOptions {
            disable_exposure_logging: true,
            ..Default::default()
        };
        let experiment = self.0.get_experiment_with_options(user, name, options);
        read(experiment.value.get("key").and_then(Value::as_str).unwrap_or(""))
    }
}

pub fn unleash_features(plans: &[Plan]) -> Value {
    let feature = |plan: &Plan| {
        let constraints = plan.targeted.map_or(json!([]), |i| {
            json!([
                { "contextName": "country", "operator": "IN", "values": countries(i) },
                { "contextName": "platform", "operator": "IN", "values": ["ios"] },
                { "contextName": "version", "operator": "SEMVER_GT", "value": below(i) }])
        });
        let mut variants = vec![];
        for (key, weight) in plan.keys().iter().zip(plan.shares(1000)) {
            variants.push(json!({ "name": key, "weight": weight, "stickiness": "userId" }));
        }
        let rollout = format!("{}", (100.0 * plan.traffic).round());
        let parameters =
            json!({ "groupId": plan.salt, "stickiness": "userId", "rollout": rollout });
        json!({ "name": plan.name, "type": "experiment", "enabled": true, "strategies": [{
            "name": "flexibleRollout", "constraints": constraints, "variants": variants,
            "parameters": parameters }] })
    };
    let features: Vec<Value> = plans.iter().map(feature).collect();
    json!({ "version": 2, "features": features })
}

pub struct Unleash(unleash_yggdrasil::EngineState);

impl Peer for Unleash {
    type User = (String, unleash_yggdrasil::state::PropertiesCow<'static>);

    fn start(plans: &[Plan]) -> Self {
        let engine = unleash_yggdrasil::EngineState::default();
        let state = serde_json::from_value(unleash_features(plans)).expect("features");
        assert!(engine.apply_client_features(state).is_none(), "a feature that Unleash warns of");
        Unleash(engine)
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        let pairs = attributes(targeted).iter();
        (id.into(), pairs.map(|(key, value)| ((*key).into(), (*value).into())).collect())
    }

    fn ask<R>(&self, name: &str, (id, properties): &Self::User, read: impl FnOnce(&str) -> R) -> R {
        use unleash_yggdrasil::state::{EnrichedContext, PropertiesRef};
        let context = EnrichedContext {
            user_id: Some(id),
            properties: Some(PropertiesRef::Cows(properties)),
            toggle_name: name,
            session_id: None,
            environment: None,
            app_name: None,
            current_time: None,
            remote_address: None,
            external_results: None,
            runtime_hostname: None,
        };
        match self.0.check_variant(&context) {
            Some(variant) if variant.enabled => read(&variant.name),
            _ => read(""),
        }
    }
}
