//! Where everything stands in the picture: authorities in columns by what is below them, hosts to the right of them. In pixels.

use crate::graph::{Graph, Group};

pub(super) const MARGIN: i32 = 16;
pub(super) const BOX_WIDTH: i32 = 232;
pub(super) const BOX_HEIGHT: i32 = 66;
pub(super) const CARD_WIDTH: i32 = 372;
pub(super) const CARD_HEAD: i32 = 50;
pub(super) const ROW: i32 = 23;
pub(super) const CARD_FOOT: i32 = 8;
/// Between the left edges of two columns: room for the lines to part.
const COLUMN: i32 = BOX_WIDTH + 104;
const GAP: i32 = 16;

/// The upper left corner of a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Corner {
    pub x: i32,
    pub y: i32,
}

/// Rows of one card that come from one source: where its line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub source: usize,
    pub card: usize,
    pub first: usize,
    pub rows: usize,
}

#[derive(Debug)]
pub(super) struct Layout {
    /// By source.
    pub boxes: Vec<Corner>,
    /// By group.
    pub cards: Vec<Corner>,
    pub blocks: Vec<Block>,
    pub width: i32,
    pub height: i32,
}

impl Layout {
    pub(super) fn of(graph: &Graph) -> Self {
        let below = levels_below(graph);
        let columns = below.iter().map(|levels| levels + 1).max();
        let columns = columns.unwrap_or_default();
        let cards = stacked(graph, MARGIN + px(columns) * COLUMN);
        let blocks = blocks(graph);
        let last = cards.last().zip(graph.groups.last());
        let bottom = last.map_or(0, |(corner, group)| corner.y + card_height(group));
        let boxes = boxes(graph, &below, &cards, &blocks, bottom);
        let lowest = boxes.iter().map(|corner| corner.y + BOX_HEIGHT).max();
        let height = bottom.max(lowest.unwrap_or_default()) + MARGIN;
        let right = if cards.is_empty() {
            MARGIN + (px(columns) - 1).max(0) * COLUMN + BOX_WIDTH
        } else {
            MARGIN + px(columns) * COLUMN + CARD_WIDTH
        };
        Self {
            boxes,
            cards,
            blocks,
            width: right + MARGIN,
            height,
        }
    }

    /// The middle of the left edge of a block.
    pub(super) fn block_middle(&self, block: &Block) -> i32 {
        let card = self.cards.get(block.card).copied().unwrap_or_default();
        block_middle(card, block)
    }
}

/// A number of things as a length.
pub(super) fn px(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1024)
}

pub(super) fn card_height(group: &Group) -> i32 {
    CARD_HEAD + px(group.bundles.len()) * ROW + CARD_FOOT
}

fn stacked(graph: &Graph, x: i32) -> Vec<Corner> {
    let mut y = MARGIN;
    let mut cards = Vec::new();
    for group in &graph.groups {
        cards.push(Corner { x, y });
        y += card_height(group) + GAP;
    }
    cards
}

/// How many levels of authorities stand below each source. Columns go by this and not by depth, so that a root that issues to hosts
/// stands beside them, and its lines lead under no other box.
fn levels_below(graph: &Graph) -> Vec<usize> {
    let mut below = vec![0; graph.sources.len()];
    // Issuers stand before what they issue.
    for (place, source) in graph.sources.iter().enumerate().rev() {
        let own = below.get(place).copied().unwrap_or_default();
        if let Some(issuer) = source.issuer.and_then(|issuer| below.get_mut(issuer)) {
            *issuer = (*issuer).max(own + 1);
        }
    }
    below
}

/// Rows stand by source, so those of one source are neighbours.
fn blocks(graph: &Graph) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (card, group) in graph.groups.iter().enumerate() {
        for (row, bundle) in group.bundles.iter().enumerate() {
            match blocks.last_mut() {
                Some(last) if last.card == card && last.source == bundle.source => last.rows += 1,
                _ => blocks.push(Block {
                    source: bundle.source,
                    card,
                    first: row,
                    rows: 1,
                }),
            }
        }
    }
    blocks
}

fn block_middle(card: Corner, block: &Block) -> i32 {
    card.y + CARD_HEAD + px(block.first) * ROW + px(block.rows) * ROW / 2
}

/// From right to left, each at the height of what it leads to, and none over another.
fn boxes(
    graph: &Graph,
    below: &[usize],
    cards: &[Corner],
    blocks: &[Block],
    bottom: i32,
) -> Vec<Corner> {
    let mut boxes = vec![Corner::default(); graph.sources.len()];
    let most = below.iter().copied().max().unwrap_or_default();
    for levels in 0..=most {
        let mut members: Vec<(i32, usize)> = below
            .iter()
            .enumerate()
            .filter(|(_, below)| **below == levels)
            .map(|(place, _)| (wanted(graph, place, &boxes, cards, blocks), place))
            .collect();
        members.sort_unstable();
        let heights: Vec<i32> = members.iter().map(|(middle, _)| *middle).collect();
        for ((_, place), y) in members.iter().zip(apart(&heights, bottom)) {
            if let Some(corner) = boxes.get_mut(*place) {
                *corner = Corner {
                    x: MARGIN + px(most - levels) * COLUMN,
                    y,
                };
            }
        }
    }
    boxes
}

/// The middle of everything its lines lead to.
fn wanted(
    graph: &Graph,
    place: usize,
    boxes: &[Corner],
    cards: &[Corner],
    blocks: &[Block],
) -> i32 {
    let below = graph.sources.iter().zip(boxes);
    let below = below
        .filter(|(source, _)| source.issuer == Some(place))
        .map(|(_, corner)| corner.y + BOX_HEIGHT / 2);
    let on = blocks.iter().filter(|block| block.source == place);
    let on = on.filter_map(|block| Some(block_middle(*cards.get(block.card)?, block)));
    let middles: Vec<i32> = below.chain(on).collect();
    match px(middles.len()) {
        0 => i32::MAX / 2,
        count => middles.iter().sum::<i32>() / count,
    }
}

/// Upper edges for boxes with these middles, in this order: pushed down where they would overlap, then up again as far as they stand
/// below the bottom.
fn apart(middles: &[i32], bottom: i32) -> Vec<i32> {
    let step = BOX_HEIGHT + GAP;
    let mut next = MARGIN;
    let mut edges: Vec<i32> = Vec::new();
    for middle in middles {
        let edge = (middle - BOX_HEIGHT / 2).clamp(next, next.max(bottom));
        next = edge + step;
        edges.push(edge);
    }
    let room = MARGIN + px(middles.len()) * step - GAP;
    let mut lowest = bottom.max(room) - BOX_HEIGHT;
    for edge in edges.iter_mut().rev() {
        *edge = (*edge).min(lowest);
        lowest = *edge - step;
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_keep_apart_and_above_the_bottom() {
        let step = BOX_HEIGHT + GAP;
        let edges = apart(&[100, 100, 400], 400);
        assert_eq!(edges, [67, 67 + step, 400 - BOX_HEIGHT]);
        assert_eq!(
            apart(&[0, 0, 0], 10),
            [MARGIN, MARGIN + step, MARGIN + 2 * step]
        );
    }
}
