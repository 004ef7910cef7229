//! Outcomes as a picture: an SVG with a named group for each measure and a bar for each strategy.

use std::fmt::Write as _;

use crate::Outcome;

const COLOURS: [&str; 4] = ["#2b6cb0", "#2f855a", "#b7791f", "#9b2c2c"];
const PANEL: f64 = 190.0;
const HEIGHT: f64 = 260.0;
const FLOOR: f64 = 215.0;
const TOP: f64 = 50.0;

/// A value of an outcome.
type Measure = fn(&Outcome) -> f64;

/// The measures shown: a name, a title, and the value.
const MEASURES: [(&str, &str, Measure); 5] = [
    ("goodput", "quality × jobs / s", |outcome| outcome.goodput),
    ("quality", "quality", |outcome| outcome.quality),
    ("missed", "% late or shed", |outcome| {
        100.0 * (outcome.late + outcome.shed) as f64 / outcome.jobs.max(1) as f64
    }),
    ("median", "p50, s", |outcome| outcome.median_seconds),
    ("fairness", "fairness", |outcome| outcome.fairness),
];

/// A bar chart of outcomes.
pub fn chart(outcomes: &[Outcome]) -> String {
    let width = PANEL * MEASURES.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{HEIGHT}\" viewBox=\"0 0 {width} {HEIGHT}\">\
         <title>Strategies compared</title>\
         <rect id=\"ground\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>"
    );
    for (panel, (name, title, measure)) in MEASURES.into_iter().enumerate() {
        let left = PANEL * panel as f64 + 20.0;
        let most = outcomes.iter().map(measure).fold(1e-9, f64::max);
        let _ = write!(
            svg,
            "<g id=\"{name}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\
             <text x=\"{left}\" y=\"28\" font-size=\"14\">{title}</text>"
        );
        let step = (PANEL - 30.0) / outcomes.len().max(1) as f64;
        for (index, outcome) in outcomes.iter().enumerate() {
            let value = measure(outcome);
            let height = (FLOOR - TOP) * (value / most).clamp(0.0, 1.0);
            let x = left + step * index as f64;
            let colour = COLOURS
                .get(index % COLOURS.len())
                .copied()
                .unwrap_or("#444444");
            let strategy = outcome.strategy.name();
            let _ = write!(
                svg,
                "<rect id=\"{name}-{strategy}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\">{}</text><text x=\"{x:.1}\" y=\"{:.1}\">{strategy}</text>",
                FLOOR - height,
                step * 0.8,
                FLOOR - height - 4.0,
                shown(value),
                FLOOR + 16.0,
            );
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>\n");
    svg
}

fn shown(value: f64) -> String {
    if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
