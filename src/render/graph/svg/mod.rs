//! The trust map as a picture that stands alone, or in a page that has the style sheet already.

mod layout;

use std::collections::BTreeSet;

use super::{bundle_title, end, further, glyph, grade, group_title, holders, opened_by, troubles};
use crate::graph::{Bundle, Graph, Group, Openers, Source};
use crate::render::markup::Markup;
use crate::render::words::count;
use crate::status::State;
use crate::x509::Moment;
use layout::{
    BOX_HEIGHT, BOX_WIDTH, Block, CARD_HEAD, CARD_WIDTH, Corner, Layout, MARGIN, ROW, card_height,
    px,
};

/// Colours for light and dark, by names that the rules use.
pub const PALETTE: &str = include_str!("palette.css");
/// The rules of the picture.
pub const RULES: &str = include_str!("map.css");

/// So many hues tell authorities apart.
const HUES: usize = 8;
/// What fits into a line of a box, of a card, of its right edge.
const BOX_CHARS: usize = 31;
const CARD_CHARS: usize = 46;
const ROW_CHARS: usize = 29;
const LEGEND_LINE: i32 = 22;

/// A file of its own.
pub fn render(graph: &Graph) -> String {
    let mut style = Markup::default();
    style.raw("<style>").raw(PALETTE).raw(RULES).raw("</style>");
    let mut page = picture(graph, &style).into_string();
    page.push('\n');
    page
}

/// An element for a page that has [`PALETTE`] and [`RULES`] in its style sheet.
pub fn inline(graph: &Graph) -> Markup {
    picture(graph, &Markup::default())
}

fn picture(graph: &Graph, style: &Markup) -> Markup {
    let layout = Layout::of(graph);
    let legend = legend(graph, layout.height);
    let height = layout.height + legend.height;
    let mut svg = Markup::default();
    let others = match graph.others {
        0 => String::new(),
        others => format!(" and {}", count(others, "other holder", "other holders")),
    };
    let about = format!(
        "Trust map: {} on {}{others}",
        count(
            graph.sources.len(),
            "authority or shared key",
            "authorities and shared keys"
        ),
        count(graph.hosts(), "host", "hosts")
    );
    svg.open(
        "svg",
        &[
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("class", &"map"),
            ("role", &"img"),
            ("aria-label", &about),
            ("viewBox", &format!("0 0 {} {height}", layout.width)),
            ("width", &layout.width),
            ("height", &height),
        ],
    );
    svg.append(style);
    svg.empty(
        "rect",
        &[("class", &"page"), ("width", &"100%"), ("height", &"100%")],
    );
    lines(graph, &layout, &mut svg);
    for (place, (source, corner)) in graph.sources.iter().zip(&layout.boxes).enumerate() {
        source_box(graph, place, source, *corner, &mut svg);
    }
    for (group, corner) in graph.groups.iter().zip(&layout.cards) {
        card(graph, group, *corner, &mut svg);
    }
    for block in &layout.blocks {
        bar(&layout, block, &mut svg);
    }
    svg.append(&legend.markup).close("svg");
    svg
}

/// From each authority to those it issued and to the rows of the hosts that have something of it.
fn lines(graph: &Graph, layout: &Layout, svg: &mut Markup) {
    for (place, source) in graph.sources.iter().enumerate() {
        let ends = source
            .issuer
            .and_then(|issuer| Some((issuer, layout.boxes.get(issuer)?, layout.boxes.get(place)?)));
        if let Some((issuer, from, to)) = ends {
            let class = format!("line chain k{}", issuer % HUES);
            let middle = to.y + BOX_HEIGHT / 2;
            line(*from, (to.x, middle), &class, svg);
        }
    }
    for block in &layout.blocks {
        let from = layout.boxes.get(block.source).copied().unwrap_or_default();
        let card = layout.cards.get(block.card).copied().unwrap_or_default();
        let class = format!("line k{}", block.source % HUES);
        line(from, (card.x, layout.block_middle(block)), &class, svg);
    }
}

fn line(from: Corner, (x, y): (i32, i32), class: &str, svg: &mut Markup) {
    let (start, middle) = (from.x + BOX_WIDTH, from.y + BOX_HEIGHT / 2);
    let (early, late) = (start + 52, x - 52);
    let path = format!("M{start} {middle}C{early} {middle} {late} {y} {x} {y}");
    svg.empty("path", &[("class", &class), ("d", &path)]);
}

/// The coloured edge of the rows that come from one source.
fn bar(layout: &Layout, block: &Block, svg: &mut Markup) {
    let card = layout.cards.get(block.card).copied().unwrap_or_default();
    svg.empty(
        "rect",
        &[
            ("class", &format!("bar k{}", block.source % HUES)),
            ("x", &card.x),
            ("y", &(card.y + CARD_HEAD + px(block.first) * ROW + 2)),
            ("width", &5),
            ("height", &(px(block.rows) * ROW - 4)),
            ("rx", &2),
        ],
    );
}

fn source_box(graph: &Graph, place: usize, source: &Source, corner: Corner, svg: &mut Markup) {
    svg.open("g", &[("class", &grade(source.state))]);
    let who = opened_by(graph, &source.openers, "its hosts");
    svg.element("title", &[], source_title(source, &who));
    frame(corner, BOX_WIDTH, BOX_HEIGHT, "box", svg);
    svg.empty(
        "rect",
        &[
            ("class", &format!("bar k{}", place % HUES)),
            ("x", &(corner.x + BOX_WIDTH - 5)),
            ("y", &(corner.y + 8)),
            ("width", &5),
            ("height", &(BOX_HEIGHT - 16)),
            ("rx", &2),
        ],
    );
    let left = corner.x + 12;
    text(left, corner.y + 22, "sign", glyph(source.state), svg);
    let name = fit(&source.id.to_string(), BOX_CHARS - 6);
    text(left + 18, corner.y + 22, "name", &name, svg);
    text(
        left,
        corner.y + 40,
        "small",
        &fit(&facts(source), BOX_CHARS),
        svg,
    );
    let key = if who.is_empty() {
        "no sealed key in the tree".to_owned()
    } else {
        format!("opened by {}", letters(&source.openers, "its hosts"))
    };
    text(left, corner.y + 56, "small", &fit(&key, BOX_CHARS), svg);
    svg.close("g");
}

/// `ends 2036-11-20 · 34 issued`, or what is wrong.
fn facts(source: &Source) -> String {
    let mut facts: Vec<String> = end(source).into_iter().collect();
    if !matches!(source.state, State::Good | State::Offline) {
        facts.insert(0, source.state.code().to_owned());
    } else if source.id.is_key_pair() {
        facts.push("shared key pair".to_owned());
    } else {
        facts.push(format!("{} issued", source.issued));
    }
    if !source.further.is_empty() {
        facts.push(format!("{} in its file", source.further.len() + 1));
    }
    facts.join(" · ")
}

fn source_title(source: &Source, who: &[String]) -> String {
    let mut lines = vec![format!("{}: {}", source.id, source.state.code())];
    lines.extend(source.subject.clone());
    lines.push(facts(source));
    lines.extend(further(source));
    lines.push(format!("opened by {}", listed(who)));
    lines.join("\n")
}

fn card(graph: &Graph, group: &Group, corner: Corner, svg: &mut Markup) {
    svg.open("g", &[]);
    svg.element("title", &[], group_title(group, 40));
    frame(corner, CARD_WIDTH, card_height(group), "box", svg);
    let left = corner.x + 14;
    text(left, corner.y + 21, "name", &card_title(group), svg);
    let common = common(group);
    let who = common.map_or_else(
        || "no key here".to_owned(),
        |openers| format!("keys opened by {}", letters(openers, own_host(group))),
    );
    text(
        left,
        corner.y + 39,
        "small",
        &fit(&who, CARD_CHARS + 2),
        svg,
    );
    for (row, bundle) in group.bundles.iter().enumerate() {
        let baseline = corner.y + CARD_HEAD + px(row) * ROW + 16;
        bundle_row(graph, group, bundle, common, (left, baseline), svg);
    }
    svg.close("g");
}

/// With as many names as fit.
fn card_title(group: &Group) -> String {
    let titles = [3, 2, 1].map(|most| group_title(group, most));
    let room = CARD_CHARS - 2;
    let fitting = titles.iter().find(|title| title.chars().count() <= room);
    fit(fitting.or(titles.last()).map_or("", String::as_str), room)
}

/// Who can open most keys of a card; where it is others, the row says so.
fn common(group: &Group) -> Option<&Openers> {
    let openers = group.bundles.iter().map(|bundle| &bundle.openers);
    let times = |one: &Openers| openers.clone().filter(|other| *other == one).count();
    let most = openers.clone().rev().max_by_key(|one| times(one))?;
    (*most != Openers::default()).then_some(most)
}

fn own_host(group: &Group) -> &'static str {
    if group.hosts.len() == 1 {
        "the host"
    } else {
        "the host each"
    }
}

fn bundle_row(
    graph: &Graph,
    group: &Group,
    bundle: &Bundle,
    common: Option<&Openers>,
    (left, baseline): (i32, i32),
    svg: &mut Markup,
) {
    let source = graph.sources.get(bundle.source);
    let title = bundle_title(bundle, source);
    let troubles = troubles(bundle);
    let from = source.map(|source| source.id.to_string());
    let who = opened_by(graph, &bundle.openers, own_host(group));
    svg.open("g", &[("class", &grade(bundle.worst()))]);
    let told = [title.clone(), from.unwrap_or_default(), troubles.clone()];
    let mut told: Vec<String> = told.into_iter().filter(|word| !word.is_empty()).collect();
    told.push(format!("opened by {}", listed(&who)));
    svg.element("title", &[], told.join("\n"));
    text(left, baseline, "sign", glyph(bundle.worst()), svg);
    text(
        left + 18,
        baseline,
        "row",
        &fit_counted(&title, ROW_CHARS),
        svg,
    );
    let mut right = if troubles.is_empty() {
        let end = bundle.not_after.map(|end| format!("ends {}", Moment(end)));
        end.unwrap_or_default()
    } else {
        troubles
    };
    if common != Some(&bundle.openers) && !who.is_empty() {
        let separator = if right.is_empty() { "" } else { " · " };
        right = format!("{right}{separator}by {}", letters(&bundle.openers, "host"));
    }
    let room = CARD_CHARS.saturating_sub(title.chars().count().min(ROW_CHARS) + 2);
    let edge = left + CARD_WIDTH - 28;
    svg.element(
        "text",
        &[("class", &"end"), ("x", &edge), ("y", &baseline)],
        fit(&right, room),
    );
    svg.close("g");
}

fn frame(corner: Corner, width: i32, height: i32, class: &str, svg: &mut Markup) {
    svg.empty(
        "rect",
        &[
            ("class", &class),
            ("x", &corner.x),
            ("y", &corner.y),
            ("width", &width),
            ("height", &height),
            ("rx", &8),
        ],
    );
}

fn text(x: i32, y: i32, class: &str, words: &str, svg: &mut Markup) {
    svg.element("text", &[("class", &class), ("x", &x), ("y", &y)], words);
}

/// The meaning of the signs and letters in the picture.
struct Legend {
    markup: Markup,
    height: i32,
}

fn legend(graph: &Graph, top: i32) -> Legend {
    const MOST_HOLDERS: usize = 12;
    let mut markup = Markup::default();
    let mut y = top + 12;
    let mut x = MARGIN;
    for state in states(graph) {
        markup.open("g", &[("class", &grade(state))]);
        text(x, y, "sign", glyph(state), &mut markup);
        text(x + 18, y, "small", state.code(), &mut markup);
        markup.close("g");
        x += 36 + px(state.code().len()) * 8;
    }
    for place in 0..graph.holders.len().min(MOST_HOLDERS) {
        y += LEGEND_LINE;
        let keys = graph.holders.get(place).map_or(0, |holders| holders.keys);
        let names = holders(graph, place, 6);
        let line = format!("{names} — {}", count(keys, "key", "keys"));
        text(MARGIN, y, "name", &letter(place), &mut markup);
        text(MARGIN + 26, y, "small", &fit(&line, 100), &mut markup);
    }
    let more = graph.holders.len().saturating_sub(MOST_HOLDERS);
    if more > 0 {
        y += LEGEND_LINE;
        let line = format!("and {}", count(more, "more holder", "more holders"));
        text(MARGIN, y, "small", &line, &mut markup);
    }
    Legend {
        markup,
        height: y - top + MARGIN,
    }
}

fn states(graph: &Graph) -> BTreeSet<State> {
    let sources = graph.sources.iter().map(|source| source.state);
    let bundles = graph.groups.iter().flat_map(|group| &group.bundles);
    let states = bundles.flat_map(|bundle| bundle.tally.keys().copied());
    sources.chain(states).collect()
}

/// `A, B, cp1`.
fn letters(openers: &Openers, own: &str) -> String {
    let mut words: Vec<String> = openers.holders.iter().map(|place| letter(*place)).collect();
    words.extend(openers.own_host.then(|| own.to_owned()));
    words.extend(openers.other_hosts.iter().map(ToString::to_string));
    words.join(", ")
}

/// `A` to `Z`, then `A2`.
fn letter(place: usize) -> String {
    let letters = 'A'..='Z';
    let letter = letters.into_iter().nth(place % 26).unwrap_or('A');
    match place / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{}", round + 1),
    }
}

fn listed(who: &[String]) -> String {
    if who.is_empty() {
        "none: no sealed key in the tree".to_owned()
    } else {
        who.join(", ")
    }
}

/// At most so many characters.
fn fit(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The same for what is counted: the name is cut and never the count.
fn fit_counted(text: &str, most: usize) -> String {
    let Some((name, count)) = text.rsplit_once(" × ") else {
        return fit(text, most);
    };
    let count = format!(" × {count}");
    fit(name, most.saturating_sub(count.chars().count())) + &count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([letter(0), letter(25), letter(26)], ["A", "Z", "A2"]);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(fit("größe größe", 7), "größe…");
        assert_eq!(fit("größe", 5), "größe");
        assert_eq!(fit_counted("größe größe × 50", 11), "größe… × 50");
    }
}
