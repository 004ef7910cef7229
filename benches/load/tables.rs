//! All tables of `crates/scheduler/README.md`, with the command of each above it.

use std::process::Command;

use serde_json::Value;

use crate::{Options, scripts, sequential, service};

/// The tables in their order.
pub(crate) fn all(options: &Options) {
    let traces = [
        (
            "--rate R --jobs 800 --strategies greedy,fifo,static",
            "0.5,2,8,40,150,400",
        ),
        (
            "--trace bursty --rate R --jobs 4000 --strategies milp,greedy,fifo,static",
            "1,8,40",
        ),
        (
            "--rate R --jobs 4000 --model 300ms --faults 0.2,0.1,0.1 --strategies greedy,fifo,static",
            "8,40",
        ),
    ];
    for (arguments, rates) in traces {
        heading(&format!("chat2svg simulate {arguments}, for R of {rates}"));
        simulations(options, arguments, rates);
    }
    // So that there are enough jobs also at the lowest rates.
    let service_of = |rates: &[f64], seconds, faults: Option<&[f64]>| {
        let options = Options {
            rates: rates.to_vec(),
            seconds,
            compare: faults.is_none(),
            faults: faults.map(<[f64]>::to_vec),
            ..options.clone()
        };
        heading(&command(&options));
        service(&options);
    };
    service_of(&[0.5, 1.0, 2.0], 40.0, None);
    service_of(&[8.0, 40.0, 150.0, 400.0, 800.0], 8.0, None);
    service_of(&[8.0, 40.0, 150.0, 400.0], 8.0, Some(&[0.2, 0.1, 0.1]));
    let processes = Options {
        rates: vec![0.5, 1.0, 2.0],
        seconds: 40.0,
        sequential: true,
        ..options.clone()
    };
    heading(&command(&processes));
    sequential::run(&processes);
    let scripts = Options {
        rates: vec![0.2, 0.5, 1.0, 2.0],
        seconds: 40.0,
        scripts: true,
        ..options.clone()
    };
    heading(&command(&scripts));
    scripts::run(&scripts);
}

fn heading(command: &str) {
    println!("\n`{command}`\n");
}

/// The command that makes the table of these options alone.
fn command(options: &Options) -> String {
    let list = |numbers: &[f64]| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(",")
    };
    let mut command = "cargo bench -p chat2svg --bench load --".to_owned();
    if options.sequential {
        command += " --sequential";
    }
    if options.scripts {
        command += " --scripts";
    }
    command += &format!(
        " --rates {} --seconds {}",
        list(&options.rates),
        options.seconds
    );
    if options.compare {
        command += " --compare";
    }
    if let Some(faults) = &options.faults {
        command += &format!(" --faults {}", list(faults));
    }
    command
}

fn simulations(options: &Options, arguments: &str, rates: &str) {
    println!(
        "| jobs/s | strategy | in time | late | shed | p50, p99 s | quality | goodput | cores busy | fairness |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for rate in rates.split(',') {
        let output = Command::new(&options.program)
            .args(["simulate", "--json"])
            .args(arguments.replace('R', rate).split(' '))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let outcomes: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        for told in outcomes {
            let number = |key: &str| told[key].as_f64().unwrap();
            println!(
                "| {rate} | {} | {} | {} | {} | {:.3}, {:.3} | {:.3} | {:.2} | {:.2} | {:.2} |",
                told["strategy"].as_str().unwrap(),
                number("in_time"),
                number("late"),
                number("shed"),
                number("median_seconds"),
                number("p99_seconds"),
                number("quality"),
                number("goodput"),
                number("utilisation"),
                number("fairness"),
            );
        }
    }
}
