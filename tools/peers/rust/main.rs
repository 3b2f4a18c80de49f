//! A peer's own Rust crate as a contestant of bench/assignment/run: `peers PEER`, then one line
//! "SCENARIO COUNT" on standard input for each measurement, answered by "nanoseconds share", as
//! tools/peers/speed.mjs does and with its scenarios.
//!
//! `peers PEER agree`: a line holds a plan as JSON instead, answered by the index of the variant
//! that each of 100,000 ids gets, one character each, - for none (tools/peers/agree).
mod clients;
mod peers;
mod plan;

use peers::Peer;
use plan::Plan;
use std::collections::HashMap;
use std::io::BufRead;

const IDS: usize = 1_000_000;

fn cpu_nanoseconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    1e9 * now.tv_sec as f64 + now.tv_nsec as f64
}

struct Side<P: Peer> {
    peers: HashMap<String, P>,
    names: Vec<String>,
    ids: Vec<String>,
    next: usize,
}

impl<P: Peer> Side<P> {
    fn new() -> Self {
        Side {
            peers: HashMap::new(),
            names: (0..1000).map(|i| format!("experiment_{i}")).collect(),
            ids: (0..IDS).map(|i| format!("user-{i:07}")).collect(),
            next: 0,
        }
    }

    /// CPU nanoseconds of one evaluation, and the share of the treatment.
    fn measure(&mut self, scenario: &str, count: usize) -> (f64, f64) {
        let (each, targeted) = (if scenario == "many" { 15 } else { 1 }, scenario != "split");
        let peer = self.peers.entry(scenario.to_string()).or_insert_with(|| {
            let plans: Vec<Plan> = (0..if scenario == "many" { 1000 } else { 1 })
                .map(|i| Plan::even(&self.names[i], targeted.then_some(i)))
                .collect();
            P::start(&plans)
        });
        let (mut treated, mut done) = (0, 0);
        let before = cpu_nanoseconds();
        while done < count {
            let user = peer.user(&self.ids[self.next % IDS], targeted);
            for k in 0..each {
                let pick = if each == 1 { 0 } else { (self.next * 15 + k * 61) % 1000 };
                treated += peer.ask(&self.names[pick], &user, |key| match key {
                    "treatment" => 1,
                    "control" => 0,
                    other => panic!("{scenario}: answered {other:?}"),
                });
            }
            (self.next, done) = (self.next + 1, done + each);
        }
        let used = cpu_nanoseconds() - before;
        (used / done as f64, treated as f64 / done as f64)
    }
}

fn agree<P: Peer>(plan: &Plan) -> String {
    let peer = P::start(std::slice::from_ref(plan));
    (0..100_000)
        .map(|i| {
            let user = peer.user(&plan::id_of(i, plan.id_families), false);
            peer.ask(&plan.name, &user, |key| {
                plan.variants.iter().position(|(name, _)| name == key)
            })
        })
        .map(|index| index.map_or('-', |i| (b'0' + i as u8) as char))
        .collect()
}

fn serve<P: Peer>(agreeing: bool) {
    let mut side = if agreeing { None } else { Some(Side::<P>::new()) };
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        match &mut side {
            None => println!("{}", agree::<P>(&Plan::from_json(&line))),
            Some(side) => {
                let (scenario, count) = line.split_once(' ').expect("SCENARIO COUNT");
                let (nanoseconds, share) = side.measure(scenario, count.parse().expect("a count"));
                println!("{nanoseconds} {share}");
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let agreeing = arguments.get(1).is_some_and(|word| word == "agree");
    match arguments.first().map(String::as_str) {
        Some("eppo") => serve::<peers::Eppo>(agreeing),
        Some("eppo_client") => serve::<clients::Eppo>(agreeing),
        Some("flagd") => serve::<peers::Flagd>(agreeing),
        #[cfg(feature = "flagd_client")]
        Some("flagd_client") => serve::<clients::Flagd>(agreeing),
        Some("growthbook") => serve::<peers::GrowthBook>(agreeing),
        Some("growthbook_client") => serve::<clients::GrowthBook>(agreeing),
        Some("launchdarkly") => serve::<peers::LaunchDarkly>(agreeing),
        Some("launchdarkly_client") => serve::<clients::LaunchDarkly>(agreeing),
        Some("statsig") => serve::<peers::Statsig>(agreeing),
        Some("unleash") => serve::<peers::Unleash>(agreeing),
        Some("unleash_client") => serve::<clients::Unleash>(agreeing),
        _ => panic!("usage: peers PEER [agree]"),
    }
}
