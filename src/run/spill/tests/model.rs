//! Spilling beside what it must be like: a queue for each host.

use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Put(usize, u64),
    Recall(usize),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..4, prop_oneof![1_u64..9, 1_u64..600]).prop_map(|(number, count)| Step::Put(number, count)),
        (0_usize..4).prop_map(Step::Recall),
        Just(Step::Take),
    ]
}

/// What a host's jobs must be like.
#[derive(Default)]
struct Expected {
    lines: VecDeque<u64>,
    next: u64,
    recalled: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_hosts_order_is_kept_whatever_is_put_and_recalled_meanwhile(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let mut bench = Bench::new(Store::scratch);
            let mut hosts: HashMap<Host, Expected> = HashMap::new();
            for step in steps {
                match step {
                    Step::Put(number, count) => {
                        let expected = hosts.entry(host(number)).or_default();
                        bench.put(number, expected.next..expected.next + count);
                        expected.lines.extend(expected.next..expected.next + count);
                        expected.next += count;
                    }
                    Step::Recall(number) => {
                        bench.spill.recall(&host(number));
                        if let Some(expected) = hosts.get_mut(&host(number)) {
                            expected.recalled |= !expected.lines.is_empty();
                        }
                    }
                    Step::Take if hosts.values().any(|expected| expected.recalled) => take(&mut bench, &mut hosts).await,
                    Step::Take => {}
                }
                for (host, expected) in &hosts {
                    assert_eq!(bench.spill.of(host), expected.lines.len() as u64);
                }
            }
            while bench.spill.total() > 0 {
                for (host, expected) in &mut hosts {
                    bench.spill.recall(host);
                    expected.recalled |= !expected.lines.is_empty();
                }
                take(&mut bench, &mut hosts).await;
            }
            assert!(hosts.values().all(|expected| expected.lines.is_empty()));
            assert_eq!((bench.spill.in_tails, bench.spill.used), (0, 0));
        });
    }
}

async fn take(bench: &mut Bench, hosts: &mut HashMap<Host, Expected>) {
    let (host, jobs) = bench.returned_jobs().await;
    let expected = hosts.get_mut(&host).expect("a host that was recalled");
    assert!(std::mem::take(&mut expected.recalled) && !jobs.is_empty());
    for job in jobs {
        assert_eq!(Some(job.entry.line), expected.lines.pop_front());
        assert_eq!(job.link.host(), &host);
    }
}
