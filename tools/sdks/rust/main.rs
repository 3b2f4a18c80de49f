//! Rust's SDKs against a live server, as tools/sdks/run asks: `sdks openfeature` is open-feature with
//! open-feature-ofrep, `sdks growthbook` is growthbook-rust on /api/features, which it polls. The task
//! comes as one JSON line on standard input.
use growthbook_rust::client::{GrowthBookClientBuilder, GrowthBookClientTrait};
use growthbook_rust::model_public::GrowthBookAttribute;
use open_feature::{EvaluationContext, OpenFeature, StructValue, Value as Flag};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

struct Task {
    url: String,
    key: String,
    later: String,
    units: Vec<Value>,
    flags: Vec<(String, Value)>,
}

impl Task {
    fn read() -> Self {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).expect("a task");
        let task: Value = serde_json::from_str(&line).expect("a task in JSON");
        let text = |name: &str| task[name].as_str().expect(name).to_string();
        let flags = task["flags"].as_object().expect("flags");
        Task {
            url: text("url"),
            key: text("key"),
            later: text("later"),
            units: task["units"].as_array().expect("units").clone(),
            flags: flags.iter().map(|(name, fallback)| (name.clone(), fallback.clone())).collect(),
        }
    }
}

/// Lists and objects stay out: open-feature-ofrep sends none.
fn context_of(unit: &Value) -> EvaluationContext {
    let mut context = EvaluationContext::default();
    context.targeting_key = unit["id"].as_str().map(str::to_string);
    for (name, value) in unit["attributes"].as_object().expect("attributes") {
        match value {
            Value::Bool(value) => context.add_custom_field(name, *value),
            Value::String(value) => context.add_custom_field(name, value.as_str()),
            Value::Number(value) => match value.as_i64() {
                Some(whole) => context.add_custom_field(name, whole),
                None => context.add_custom_field(name, value.as_f64().expect("a number")),
            },
            _ => {}
        }
    }
    context
}

fn json_of(value: &Flag) -> Value {
    match value {
        Flag::Bool(value) => json!(value),
        Flag::Int(value) => json!(value),
        Flag::Float(value) => json!(value),
        Flag::String(value) => json!(value),
        Flag::Array(values) => values.iter().map(json_of).collect(),
        Flag::Struct(value) => fields_of(value),
    }
}

fn fields_of(value: &StructValue) -> Value {
    value.fields.iter().map(|(name, field)| (name.clone(), json_of(field))).collect()
}

async fn openfeature(task: &Task) -> Value {
    let key = HeaderValue::from_str(&format!("Bearer {}", task.key)).expect("a key");
    let headers = HeaderMap::from_iter([(AUTHORIZATION, key)]);
    let options = OfrepOptions { base_url: task.url.clone(), headers, ..Default::default() };
    let provider = OfrepProvider::new(options).await.expect("a provider");
    let mut api = OpenFeature::singleton_mut().await;
    api.set_provider(provider).await;
    let client = api.create_client();
    let mut answers = Vec::new();
    for unit in &task.units {
        let context = context_of(unit);
        for (flag, fallback) in &task.flags {
            let answer = if fallback.is_object() {
                let asked =
                    client.get_struct_details::<StructValue>(flag, Some(&context), None).await;
                asked.map(|found| (fields_of(&found.value), found.variant))
            } else {
                let asked = client.get_string_details(flag, Some(&context), None).await;
                asked.map(|found| (json!(found.value), found.variant))
            };
            let mut row = json!({"unit": unit["id"], "flag": flag});
            match answer {
                Ok((value, variant)) => (row["value"], row["variant"]) = (value, json!(variant)),
                Err(error) => row["error"] = json!(error.code.to_string()),
            }
            answers.push(row);
        }
    }
    json!({"answers": answers})
}

async fn growthbook(task: &Task) -> Value {
    let often = Duration::from_millis(200);
    let builder = GrowthBookClientBuilder::new()
        .api_url(task.url.clone())
        .client_key(task.key.clone())
        .ttl(often)
        .refresh_interval(often)
        .auto_refresh(true);
    let client = builder.build().await.expect("features");
    let mut answers = Vec::new();
    for unit in &task.units {
        let mut attributes = unit["attributes"].clone();
        attributes["id"] = unit["id"].clone();
        let attributes = GrowthBookAttribute::from(attributes).expect("attributes");
        for (flag, _) in &task.flags {
            let found = client.feature_result(flag, Some(attributes.clone()));
            let variant = found.experiment_result.map(|result| result.key);
            answers.push(json!({"unit": unit["id"], "flag": flag, "value": found.value,
                                "variant": variant, "source": found.source}));
        }
    }
    println!("{}", json!({"ready": true}));
    let until = Instant::now() + Duration::from_secs(60);
    let heard = || client.feature_result(&task.later, None).source != "unknownFeature";
    while Instant::now() < until && !heard() {
        tokio::time::sleep(often).await;
    }
    json!({"answers": answers, "heard": heard()})
}

#[tokio::main]
async fn main() {
    let task = Task::read();
    let answer = match std::env::args().nth(1).as_deref() {
        Some("openfeature") => openfeature(&task).await,
        Some("growthbook") => growthbook(&task).await,
        _ => panic!("usage: sdks openfeature|growthbook"),
    };
    println!("{answer}");
}
