//! When what ends: a strip of time for each authority, with a column for each few days in which certificates of its end.

use std::collections::{BTreeMap, BTreeSet};

use time::{Date, Duration, Month, OffsetDateTime, Time};

use super::Page;
use crate::fleet::{ArtifactId, Name};
use crate::render::graph::{glyph, grade};
use crate::render::markup::Markup;
use crate::render::words::count;
use crate::status::{Entry, State, Status};
use crate::x509::Moment;

const WIDTH: i32 = 1120;
/// Right of what is said of an authority, and of the sign that stands in the middle over the first column.
const LEFT: i32 = 236;
const RIGHT: i32 = WIDTH - 16;
const TOP: i32 = 34;
const STRIP: i32 = 76;
/// Columns stand on this line of a strip.
const GROUND: i32 = 60;
const TALLEST: i32 = 42;
const COLUMN: i32 = 9;
/// What a letter over a column takes.
const LETTER: i32 = 7;
/// Certificates that ended longer ago stand at the left edge.
const PAST: Duration = Duration::days(120);
/// Those that end later stand at the right edge.
const FUTURE: Duration = Duration::days(3 * 366);

/// Time as a place from left to right.
struct Scale {
    start: OffsetDateTime,
    end: OffsetDateTime,
}

/// What ends in the same few days.
#[derive(Default)]
struct Column {
    tally: BTreeMap<State, u32>,
    ends: Option<OffsetDateTime>,
    names: Vec<String>,
}

pub(super) fn section(page: &Page<'_>, html: &mut Markup) {
    html.raw("<section id=\"time\"><h2>Timeline</h2>\n<p class=\"lead\">When certificates end, by the authority that issued them. ");
    html.raw("The band below the line is the time in which they are to be renewed.</p>\n<div class=\"scroll\" tabindex=\"0\">");
    html.append(&picture(page.status));
    html.raw("</div></section>\n");
}

fn picture(status: &Status<'_>) -> Markup {
    let scale = Scale::of(status);
    let issuers: BTreeSet<&Name> = leaves(status).filter_map(|entry| entry.issuer).collect();
    let authorities: Vec<&Entry<'_>> = status
        .entries
        .iter()
        .filter(|entry| matches!(&entry.id, ArtifactId::Authority(name) if issuers.contains(name)))
        .collect();
    let strips = i32::try_from(authorities.len()).unwrap_or(i32::MAX / STRIP / 2);
    let height = TOP + strips * STRIP + 8;
    let mut svg = Markup::default();
    svg.open(
        "svg",
        &[
            ("class", &"time"),
            ("role", &"img"),
            ("aria-label", &"When certificates end, by authority"),
            ("viewBox", &format!("0 0 {WIDTH} {height}")),
            ("width", &WIDTH),
            ("height", &height),
        ],
    );
    axis(&scale, scale.x(status.now), height, &mut svg);
    let strips: Vec<BTreeMap<i32, Column>> = authorities
        .iter()
        .map(|authority| columns(status, authority, &scale))
        .collect();
    let tallest = strips
        .iter()
        .flat_map(BTreeMap::values)
        .map(Column::count)
        .max();
    let mut top = TOP;
    for (authority, columns) in authorities.iter().zip(&strips) {
        label(status, authority, top, &mut svg);
        windows(status, authority, &scale, top, &mut svg);
        for (x, column, told) in told(columns) {
            draw(x, column, top, tallest.unwrap_or(1), told, &mut svg);
        }
        top += STRIP;
    }
    today(&scale, status.now, height, &mut svg);
    svg.close("svg");
    svg
}

fn leaves<'a>(status: &'a Status<'_>) -> impl Iterator<Item = &'a Entry<'a>> {
    status
        .entries
        .iter()
        .filter(|entry| !entry.id.is_authority() && entry.facts.is_some())
}

/// The certificates that an authority issued to hosts.
fn issued_by<'a>(
    status: &'a Status<'_>,
    authority: &'a Entry<'_>,
) -> impl Iterator<Item = &'a Entry<'a>> {
    leaves(status).filter(|entry| {
        matches!((&authority.id, entry.issuer), (ArtifactId::Authority(name), Some(issuer)) if name == issuer)
    })
}

impl Scale {
    fn of(status: &Status<'_>) -> Self {
        let ends = || leaves(status).filter_map(|entry| Some(entry.facts?.not_after));
        let now = status.now;
        let first = ends().min().unwrap_or(now).clamp(now - PAST, now);
        let last = ends().max().unwrap_or(now);
        let last = last.clamp(now + Duration::days(60), now + FUTURE);
        let margin = (last - first) / 25;
        Self {
            start: first - margin,
            end: last + margin,
        }
    }

    fn x(&self, moment: OffsetDateTime) -> i32 {
        let whole = (self.end - self.start).whole_minutes().max(1);
        let part = (moment - self.start).whole_minutes().clamp(0, whole);
        let x = i64::from(RIGHT - LEFT) * part / whole;
        LEFT + i32::try_from(x).unwrap_or_default()
    }

    /// The first of the months that get a line: of each, of each third or of each twelfth.
    fn months(&self) -> Vec<OffsetDateTime> {
        let step = match (self.end - self.start).whole_days() {
            ..=480 => 1,
            481..=1100 => 3,
            _ => 12,
        };
        let (mut year, mut month) = (self.start.year(), self.start.month());
        let mut months = Vec::new();
        loop {
            (year, month) = following(year, month);
            let Ok(day) = Date::from_calendar_date(year, month, 1) else {
                return months;
            };
            let moment = day.with_time(Time::MIDNIGHT).assume_utc();
            if moment >= self.end {
                return months;
            }
            if (u8::from(month) - 1) % step == 0 {
                months.push(moment);
            }
        }
    }
}

fn following(year: i32, month: Month) -> (i32, Month) {
    match month {
        Month::December => (year + 1, Month::January),
        month => (year, month.next()),
    }
}

fn axis(scale: &Scale, now: i32, height: i32, svg: &mut Markup) {
    for month in scale.months() {
        let x = scale.x(month);
        vertical(x, TOP - 6, height, "grid", svg);
        // There the flag of today stands.
        if (x - now).abs() > 54 {
            let name = format!("{}-{:02}", month.year(), u8::from(month.month()));
            middle(x, 18, "small", &name, svg);
        }
    }
}

fn today(scale: &Scale, now: OffsetDateTime, height: i32, svg: &mut Markup) {
    let x = scale.x(now);
    vertical(x, TOP - 6, height, "today", svg);
    svg.empty(
        "rect",
        &[
            ("class", &"flag"),
            ("x", &(x - 25)),
            ("y", &4),
            ("width", &50),
            ("height", &20),
            ("rx", &10),
        ],
    );
    middle(x, 18, "on", "today", svg);
}

fn vertical(x: i32, from: i32, to: i32, class: &str, svg: &mut Markup) {
    let path = format!("M{x} {from}V{to}");
    svg.empty("path", &[("class", &class), ("d", &path)]);
}

fn middle(x: i32, y: i32, class: &str, words: &str, svg: &mut Markup) {
    let class = format!("mid {class}");
    svg.element("text", &[("class", &class), ("x", &x), ("y", &y)], words);
}

fn label(status: &Status<'_>, authority: &Entry<'_>, top: i32, svg: &mut Markup) {
    let ground = top + GROUND;
    let path = format!("M{LEFT} {ground}H{RIGHT}");
    svg.empty("path", &[("class", &"grid"), ("d", &path)]);
    let name: String = authority.id.to_string().chars().take(26).collect();
    svg.element(
        "text",
        &[("class", &"name"), ("x", &0), ("y", &(top + 34))],
        name,
    );
    let mut about = vec![count(
        issued_by(status, authority).count(),
        "certificate",
        "certificates",
    )];
    about.extend(
        authority
            .facts
            .map(|facts| format!("until {}", Moment(facts.not_after))),
    );
    svg.element(
        "text",
        &[("class", &"small"), ("x", &0), ("y", &(top + 52))],
        about.join(", "),
    );
}

/// By the left edge of the column.
fn columns(status: &Status<'_>, authority: &Entry<'_>, scale: &Scale) -> BTreeMap<i32, Column> {
    let mut columns: BTreeMap<i32, Column> = BTreeMap::new();
    for entry in issued_by(status, authority) {
        let Some(facts) = entry.facts else { continue };
        let x = (scale.x(facts.not_after) - LEFT) / COLUMN * COLUMN + LEFT;
        let column = columns.entry(x).or_default();
        *column.tally.entry(entry.state()).or_default() += 1;
        column.ends = column.ends.into_iter().chain([facts.not_after]).min();
        column.names.push(entry.id.to_string());
    }
    columns
}

impl Column {
    fn count(&self) -> u32 {
        self.tally.values().sum()
    }

    fn worst(&self) -> State {
        self.tally.keys().next().copied().unwrap_or(State::Good)
    }

    /// What stands over it.
    fn words(&self, told: Told) -> String {
        let worst = self.worst();
        let is_quiet = matches!(worst, State::Good | State::Offline);
        let sign = (!is_quiet).then(|| glyph(worst).to_owned());
        let figures = (told == Told::InFigures).then(|| self.count().to_string());
        let words: Vec<String> = sign.into_iter().chain(figures).collect();
        words.join(" ")
    }

    /// `2026-12-17: 34 end (30 good, 4 due)`, and which.
    fn title(&self) -> String {
        let states: Vec<String> = self
            .tally
            .iter()
            .map(|(state, count)| format!("{count} {}", state.code()))
            .collect();
        let day = self.ends.map(|end| Moment(end).to_string());
        format!(
            "{}: {} ({})\n{}",
            day.unwrap_or_default(),
            count(self.names.len(), "certificate ends", "certificates end"),
            states.join(", "),
            crate::render::words::some_of(&self.names, 8)
        )
    }
}

/// How a column says how many it is; figures need room on both sides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    InFigures,
    ByHeight,
}

/// From left to right, figures wherever they touch neither a column beside nor what stands over that.
fn told(columns: &BTreeMap<i32, Column>) -> Vec<(i32, &Column, Told)> {
    let middle = |x: i32| x + COLUMN / 2;
    let half = |words: &str| width(words) / 2;
    let mut free_from = i32::MIN;
    let mut told = Vec::new();
    for (x, column) in columns {
        let figures = half(&column.words(Told::InFigures));
        let next = columns.range(x + 1..).next();
        let free_to = next.map_or(i32::MAX, |(next, column)| {
            (middle(*next) - half(&column.words(Told::ByHeight))).min(*next)
        });
        let fits = middle(*x) - figures >= free_from && middle(*x) + figures <= free_to;
        let how = if fits {
            Told::InFigures
        } else {
            Told::ByHeight
        };
        free_from = (middle(*x) + half(&column.words(how))).max(x + COLUMN);
        told.push((*x, column, how));
    }
    told
}

fn width(words: &str) -> i32 {
    i32::try_from(words.chars().count()).unwrap_or(i32::MAX / LETTER) * LETTER
}

/// A column as tall as it counts, the worst on top with its sign.
fn draw(x: i32, column: &Column, top: i32, tallest: u32, told: Told, svg: &mut Markup) {
    svg.open("g", &[]);
    svg.element("title", &[], column.title());
    let whole = height(column.count(), tallest);
    let mut ground = top + GROUND - 1;
    for (state, count) in column.tally.iter().rev() {
        let height = (whole * signed(*count) / signed(column.count())).max(5);
        ground -= height;
        svg.empty(
            "rect",
            &[
                ("class", &format!("col {}", grade(*state))),
                ("x", &x),
                ("y", &ground),
                ("width", &(COLUMN - 1)),
                ("height", &(height - 1)),
                ("rx", &2),
            ],
        );
    }
    svg.open("g", &[("class", &grade(column.worst()))]);
    middle(x + COLUMN / 2, ground - 4, "sign", &column.words(told), svg);
    svg.close("g");
    svg.close("g");
}

/// By the root of the number, so that one is seen beside a hundred.
fn height(count: u32, tallest: u32) -> i32 {
    let share = count.saturating_mul(10_000) / tallest.max(5);
    TALLEST * signed(share.isqrt()) / 100
}

fn signed(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX).min(1 << 20)
}

/// From renewal to end, each span of the picture once.
fn windows(status: &Status<'_>, authority: &Entry<'_>, scale: &Scale, top: i32, svg: &mut Markup) {
    let spans: BTreeSet<(i32, i32)> = issued_by(status, authority)
        .filter_map(|entry| {
            let from = scale.x(entry.renewal?);
            Some((from, scale.x(entry.facts?.not_after)))
        })
        .collect();
    for (from, to) in joined(spans) {
        svg.empty(
            "rect",
            &[
                ("class", &"window"),
                ("x", &from),
                ("y", &(top + GROUND + 3)),
                ("width", &(to - from).max(2)),
                ("height", &5),
                ("rx", &2),
            ],
        );
    }
}

/// Spans that overlap as one.
fn joined(spans: BTreeSet<(i32, i32)>) -> Vec<(i32, i32)> {
    let mut joined: Vec<(i32, i32)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_overlap_are_one() {
        let spans = BTreeSet::from([(1, 4), (3, 6), (8, 9)]);
        assert_eq!(joined(spans), [(1, 6), (8, 9)]);
    }

    #[test]
    fn time_goes_from_left_to_right_and_stays_in_the_picture() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let scale = Scale {
            start,
            end: start + Duration::days(400),
        };
        assert_eq!(scale.x(start - Duration::days(1)), LEFT);
        assert_eq!(
            scale.x(start + Duration::days(200)),
            i32::midpoint(LEFT, RIGHT)
        );
        assert_eq!(scale.x(start + Duration::days(900)), RIGHT);
        assert_eq!(scale.months().len(), 13);
    }

    #[test]
    fn figures_stand_where_they_touch_nothing() {
        let column = |state: State, count: u32| Column {
            tally: BTreeMap::from([(state, count)]),
            ..Column::default()
        };
        let columns = BTreeMap::from([
            (0, column(State::Differs, 3)),
            (2 * COLUMN, column(State::Good, 1)),
            (3 * COLUMN, column(State::Good, 200)),
            (9 * COLUMN, column(State::Good, 5)),
        ]);
        let words: Vec<String> = told(&columns)
            .into_iter()
            .map(|(_, column, told)| column.words(told))
            .collect();
        assert_eq!(words, ["≠ 3", "1", "", "5"]);
    }

    #[test]
    fn the_most_is_the_tallest_and_one_is_seen() {
        assert_eq!(height(100, 100), TALLEST);
        assert_eq!(height(1, 100), TALLEST / 10);
        assert!(height(1, 1) < TALLEST);
    }
}
