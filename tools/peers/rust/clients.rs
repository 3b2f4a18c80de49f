//! The peers of peers.rs by the client that an application calls, told the same and asked alike; no
//! events where the client can do without. Statsig's is in peers.rs already.
use crate::peers::{self, Peer};
use crate::plan::Plan;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// Its configuration comes over HTTP alone. After the first nothing polls for another.
pub struct Eppo(eppo::Client<'static>);

/// Gives `body` to the first that asks; the address of the server.
fn serve_once(body: String) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
        while lines.next().is_some_and(|line| !line.expect("a header").is_empty()) {}
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("written");
    });
    address
}

impl Peer for Eppo {
    type User = peers::EppoUser;

    fn start(plans: &[Plan]) -> Self {
        let address = serve_once(peers::eppo_configuration(plans));
        let mut client = eppo::ClientConfig::from_api_key("none").base_url(address).to_client();
        let poller = client.start_poller_thread().expect("a poller");
        poller.wait_for_configuration_timeout(SOON).expect("a configuration");
        poller.shutdown().expect("no poller");
        Eppo(client)
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        peers::eppo_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, (id, attributes): &Self::User, read: impl FnOnce(&str) -> R) -> R {
        match self.0.get_string_assignment(name, id, attributes) {
            Ok(Some(key)) => read(key.as_str()),
            _ => read(""),
        }
    }
}

/// OpenFeature's client over flagd's provider, which reads a file: no cache, no network.
#[cfg(feature = "flagd_client")]
pub struct Flagd {
    client: open_feature::Client,
    folder: std::path::PathBuf, // Its own, for the provider reads again when any file in it changes.
    _runtime: tokio::runtime::Runtime,
}

#[cfg(feature = "flagd_client")]
impl Drop for Flagd {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The answer of a future that waits for nothing but its turn.
#[cfg(feature = "flagd_client")]
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
    }
}

#[cfg(feature = "flagd_client")]
impl Peer for Flagd {
    type User = open_feature::EvaluationContext;

    fn start(plans: &[Plan]) -> Self {
        use open_feature_flagd::{FlagdOptions, FlagdProvider, ResolverType};
        use serde_json::json;
        use std::sync::atomic::{AtomicUsize, Ordering};
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("peers-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder of its own");
        let flags = peers::by_name(plans, |plan| {
            let variants: serde_json::Map<_, _> =
                plan.keys().iter().map(|key| (key.to_string(), json!(key))).collect();
            json!({ "state": "ENABLED", "defaultVariant": plan.keys()[0], "variants": variants,
                "targeting": peers::flagd_targeting(plan) })
        });
        let file = folder.join("flags.json");
        std::fs::write(&file, json!({ "flags": flags }).to_string()).expect("a file of flags");
        let runtime = peers::runtime();
        let client = runtime.block_on(async {
            let provider = FlagdProvider::new(FlagdOptions {
                resolver_type: ResolverType::File,
                source_configuration: Some(file.to_string_lossy().into()),
                cache_settings: None,
                ..Default::default()
            });
            let mut api = open_feature::OpenFeature::default();
            api.set_provider(provider.await.expect("a provider")).await;
            api.create_client()
        });
        Flagd { client, folder, _runtime: runtime }
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        peers::open_feature_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        match now(self.client.get_string_value(name, Some(user), None)) {
            Ok(key) => read(&key),
            Err(_) => read(""),
        }
    }
}

/// With features from JSON, so that it needs no server, and without callbacks.
pub struct GrowthBook(growthbook_rust::client::GrowthBookClient);

impl Peer for GrowthBook {
    type User = peers::GrowthBookUser;

    fn start(plans: &[Plan]) -> Self {
        let builder = growthbook_rust::client::GrowthBookClientBuilder::new();
        let builder = builder.features_json(peers::growthbook_features(plans)).expect("features");
        GrowthBook(peers::runtime().block_on(builder.build()).expect("a client"))
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        peers::growthbook_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        use growthbook_rust::client::GrowthBookClientTrait;
        read(self.0.feature_result(name, user.clone()).value.as_str().unwrap_or(""))
    }
}

/// With its own source of test data and its own processor that drops events.
pub struct LaunchDarkly(
    launchdarkly_server_sdk::Client,
    #[allow(dead_code)] tokio::runtime::Runtime,
);

impl Peer for LaunchDarkly {
    type User = launchdarkly_server_sdk::Context;

    fn start(plans: &[Plan]) -> Self {
        use launchdarkly_server_sdk::{Client, ConfigBuilder, NullEventProcessorBuilder, TestData};
        let source = TestData::new();
        for flag in peers::launchdarkly_flags(plans).into_values() {
            source.use_preconfigured_flag(flag);
        }
        let config = ConfigBuilder::new("none")
            .data_source(&source)
            .event_processor(&NullEventProcessorBuilder::new());
        let client = Client::build(config.build().expect("a configuration")).expect("a client");
        let runtime = peers::runtime();
        let started = runtime.block_on(async {
            client.start_with_default_executor();
            client.wait_for_initialization(SOON).await
        });
        assert_eq!(started, Some(true), "LaunchDarkly's client did not start");
        LaunchDarkly(client, runtime)
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        peers::launchdarkly_user(id, targeted)
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        match self.0.variation(user, name, String::new()) {
            launchdarkly_server_sdk::FlagValue::Str(key) => read(&key),
            _ => read(""),
        }
    }
}

/// Told its features as its own benchmark tells it. It counts every answer, and sends no counts.
pub struct Unleash(unleash_api_client::Client<NoFeature>);

#[derive(Clone, Copy, Debug)]
pub enum NoFeature {}

impl unleash_api_client::client::FeatureKey for NoFeature {
    fn name(self) -> &'static str {
        match self {}
    }
}

impl Peer for Unleash {
    type User = unleash_api_client::Context;

    fn start(plans: &[Plan]) -> Self {
        let client = unleash_api_client::ClientBuilder::default()
            .disable_metric_submission()
            .enable_string_features()
            .into_client("http://127.0.0.1", "peers", "1", None)
            .expect("a client");
        let features = serde_json::from_value(peers::unleash_features(plans)).expect("features");
        client.memoize(features).expect("memoized");
        Unleash(client)
    }

    fn user(&self, id: &str, targeted: bool) -> Self::User {
        let pairs = peers::attributes(targeted).iter();
        unleash_api_client::Context {
            user_id: Some(id.into()),
            properties: pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            ..Default::default()
        }
    }

    fn ask<R>(&self, name: &str, user: &Self::User, read: impl FnOnce(&str) -> R) -> R {
        let variant = self.0.get_variant_str(name, user);
        read(if variant.enabled { &variant.name } else { "" })
    }
}
