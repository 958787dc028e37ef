//! A plot with logarithmic axes, as SVG.

use std::fmt::Write;

/// A line of a plot.
pub struct Curve {
    /// What it shows.
    pub name: &'static str,
    /// Its points; both numbers are above zero.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
/// Told apart by those who see no colours too, as each line carries its name.
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// The decades that hold all of these.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (i32, i32) {
    let low = values.clone().fold(f64::INFINITY, f64::min).log10().floor();
    let high = values.fold(1.0, f64::max).log10().ceil();
    let low = if low.is_finite() { low } else { 0.0 };
    (low as i32, (high as i32).max(low as i32 + 1))
}

/// Draws it.
pub fn plot(title: &str, below: &str, curves: &[Curve]) -> String {
    let points = curves.iter().flat_map(|curve| &curve.points);
    let (x_range, y_range) = (decades(points.clone().map(|point| point.0)), decades(points.map(|point| point.1)));
    let along = |value: f64, (low, high): (i32, i32)| (value.log10() - f64::from(low)) / f64::from(high - low);
    let x = |value: f64| LEFT + along(value, x_range) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - along(value, y_range) * (HEIGHT - TOP - BOTTOM);
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{title}</text>\n"
    );
    for decade in x_range.0..=x_range.1 {
        let (at, label) = (x(10_f64.powi(decade)), 10_f64.powi(decade));
        line(&mut out, (at, TOP), (at, bottom));
        text(&mut out, at, bottom + 18.0, "middle", &label.to_string());
    }
    for decade in y_range.0..=y_range.1 {
        let (at, label) = (y(10_f64.powi(decade)), 10_f64.powi(decade));
        line(&mut out, (LEFT, at), (right, at));
        text(&mut out, LEFT - 8.0, at + 4.0, "end", &label.to_string());
    }
    text(&mut out, (LEFT + right) / 2.0, HEIGHT - 12.0, "middle", below);
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let path: Vec<String> = curve.points.iter().map(|(px, py)| format!("{:.1},{:.1}", x(*px), y(*py))).collect();
        put(
            &mut out,
            format_args!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            ),
        );
        if let Some((px, py)) = curve.points.last() {
            text(&mut out, x(*px) + 8.0, y(*py) + 4.0, "start", curve.name);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    put(out, format_args!("<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>"));
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    put(out, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"));
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{what}"); // Writing to a String cannot fail.
}
