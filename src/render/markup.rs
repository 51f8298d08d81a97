//! Owns how HTML and SVG are written: markup is constant text of this program, everything else is escaped. What a document says is for
//! others.

use std::fmt::Display;

use super::words::printable;

/// Well-formed markup. Nothing but constants goes in as it is, so that no name can become an element, an attribute or a script.
#[derive(Clone, Debug, Default)]
pub struct Markup(String);

/// Names and values of attributes.
pub type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl Markup {
    /// Markup as it stands in our source.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of any origin.
    pub fn text(&mut self, text: impl Display) -> &mut Self {
        self.0.push_str(&escaped(&text.to_string()));
        self
    }

    /// `<tag name="value">`.
    pub fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.start(tag, attributes);
        self.0.push('>');
        self
    }

    /// `</tag>`.
    pub fn close(&mut self, tag: &'static str) -> &mut Self {
        self.raw("</").raw(tag).raw(">")
    }

    /// `<tag name="value"/>`, for SVG.
    pub fn empty(&mut self, tag: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.start(tag, attributes);
        self.0.push_str("/>");
        self
    }

    /// An element with nothing but text in it.
    pub fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        text: impl Display,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    pub fn into_string(self) -> String {
        self.0
    }

    fn start(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.raw(" ").raw(name).raw("=\"").text(value).raw("\"");
        }
    }
}

/// For text and quoted attributes of HTML and XML alike. What XML cannot hold (XML 1.0 §2.2) and what would steer the direction of
/// writing is spelt out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let mut markup = Markup::default();
        let hostile = "</script><script>alert('1')\"&\u{0}\u{202e}\u{ffff}";
        markup.element("p", &[("title", &hostile)], hostile);
        let shown =
            "&lt;/script&gt;&lt;script&gt;alert(&#39;1&#39;)&quot;&amp;\\u{0}\\u{202e}\\u{ffff}";
        assert_eq!(
            markup.into_string(),
            format!("<p title=\"{shown}\">{shown}</p>")
        );
    }

    #[test]
    fn letters_of_every_script_stay() {
        let mut markup = Markup::default();
        markup.text("größe שלום 🔑");
        assert_eq!(markup.into_string(), "größe שלום 🔑");
    }
}
