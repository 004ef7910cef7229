//! Style sheets, reduced to what may pass: rules with selectors that are understood. Conditions
//! are decided as on a screen, nesting is undone; other at-rules do not pass.

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, Parser, ParserState, QualifiedRuleParser,
    RuleBodyItemParser, RuleBodyParser, StyleSheetParser,
};

use super::ParseError;
use super::css::{Block, Cleaner, raw_value};
use super::rules;
use super::values::{self, Syntax};
use super::warning::WarningKind;
use crate::css::condition::{self, Screen, Truth};
use crate::css::number::{NotThis, wrong};
use crate::css::selector::{self, SelectorList};

/// Most rules of a document, counted per selector.
const MAX_RULES: usize = 4_096;
/// Most selectors of one rule.
const MAX_SELECTORS: usize = 256;
/// Most rules inside one another.
const MAX_DEPTH: usize = 16;
/// Most layers.
const MAX_LAYERS: usize = 256;

/// A rule that has passed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) selectors: SelectorList,
    pub(crate) block: Block,
    /// The layer that it is in, as a position in [`Sheet::layers`].
    pub(crate) layer: Option<usize>,
}

/// The rules of all style sheets of a document.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) rules: Vec<Rule>,
    /// The names of layers with those around them, by first appearance.
    layers: Vec<Vec<String>>,
    /// Selectors so far.
    selectors: usize,
}

impl Sheet {
    /// Reads a style sheet as far as it may pass; gives it back as text.
    ///
    /// # Errors
    /// When there are too many rules, or the caller wants to stop.
    pub(super) fn read(
        &mut self,
        text: &str,
        screen: Screen,
        cleaner: &mut Cleaner<'_>,
    ) -> Result<String, ParseError> {
        cleaner.meter.add(text.len())?;
        let first = self.rules.len();
        let mut input = Parser::new(text);
        let mut reader = Reader {
            sheet: self,
            cleaner,
            screen,
            parent: None,
            layer: None,
            depth: 0,
            block: Block::default(),
            failure: None,
        };
        reader.rules(&mut input);
        match reader.failure {
            Some(failure) => Err(failure),
            None => Ok(self.text(first)),
        }
    }

    /// The rank of each layer: what is in a higher one wins.
    pub(super) fn ranks(&self) -> Vec<usize> {
        let path = |layer: &Vec<String>| -> Vec<usize> {
            let parts = (1..=layer.len()).map(|length| {
                let part = layer.get(..length);
                let found = self
                    .layers
                    .iter()
                    .position(|known| Some(known.as_slice()) == part);
                found.unwrap_or(usize::MAX)
            });
            // What stands in a layer itself comes after what stands in layers inside.
            parts.chain([usize::MAX]).collect()
        };
        let paths: Vec<_> = self.layers.iter().map(path).collect();
        let rank = |own: &Vec<usize>| paths.iter().filter(|other| *other < own).count();
        paths.iter().map(rank).collect()
    }

    /// The rules from one on as text.
    fn text(&self, first: usize) -> String {
        let rules = self.rules.get(first..).unwrap_or_default();
        let name = |layer: usize| self.layers.get(layer).map(|layer| layer.join("."));
        let mut out = String::new();
        if rules.iter().any(|rule| rule.layer.is_some()) {
            let names: Vec<_> = (0..self.layers.len()).filter_map(name).collect();
            out.push_str(&format!("@layer {};", names.join(",")));
        }
        for rule in rules {
            let selectors = selector::list_text(&rule.selectors);
            let text = format!("{selectors}{{{}}}", rule.block.text());
            match rule.layer.and_then(name) {
                Some(layer) => out.push_str(&format!("@layer {layer}{{{text}}}")),
                None => out.push_str(&text),
            }
        }
        out
    }

    fn layer(&mut self, path: Vec<String>) -> Result<usize, ParseError> {
        for length in 1..path.len() {
            self.layer(path.get(..length).unwrap_or_default().to_vec())?;
        }
        if let Some(known) = self.layers.iter().position(|known| *known == path) {
            return Ok(known);
        }
        if self.layers.len() >= MAX_LAYERS {
            return Err(ParseError::TooManyStyleRules);
        }
        self.layers.push(path);
        Ok(self.layers.len() - 1)
    }
}

struct Reader<'a, 'b> {
    sheet: &'a mut Sheet,
    cleaner: &'a mut Cleaner<'b>,
    screen: Screen,
    /// The selectors of the rule around.
    parent: Option<SelectorList>,
    layer: Option<usize>,
    /// Blocks around.
    depth: usize,
    /// Declarations of the rule around that are not in the sheet yet.
    block: Block,
    /// Why reading ends.
    failure: Option<ParseError>,
}

impl Reader<'_, '_> {
    /// What stands in a sheet, or in a block outside of rules.
    fn rules(&mut self, input: &mut Parser<'_>) {
        for item in StyleSheetParser::new(input, self) {
            // What was lost has been told.
            let _: Result<(), _> = item;
        }
    }

    /// What stands in a rule.
    fn body(&mut self, input: &mut Parser<'_>) {
        for item in RuleBodyParser::new(input, self) {
            let _: Result<(), _> = item;
        }
        self.flush();
    }

    /// The declarations so far become a rule.
    fn flush(&mut self) {
        let block = std::mem::take(&mut self.block);
        let Some(selectors) = self.parent.clone().filter(|_| !block.is_empty()) else {
            return;
        };
        self.sheet.selectors += selectors.len();
        if self.sheet.selectors > MAX_RULES || selectors.len() > MAX_SELECTORS {
            self.failure.get_or_insert(ParseError::TooManyStyleRules);
            return;
        }
        self.sheet.rules.push(Rule {
            selectors,
            block,
            layer: self.layer,
        });
    }

    /// A block in which other things are around.
    fn inside(
        &mut self,
        input: &mut Parser<'_>,
        parent: Option<SelectorList>,
        layer: Option<usize>,
    ) -> Result<(), NotThis> {
        if self.depth >= MAX_DEPTH {
            self.cleaner.warnings.add(WarningKind::StyleRule, "{");
            return Err(wrong());
        }
        if self.failure.is_some() {
            return Err(wrong());
        }
        self.flush();
        let is_rule = parent.is_some();
        let around = (
            std::mem::replace(&mut self.parent, parent),
            std::mem::replace(&mut self.layer, layer),
        );
        self.depth += 1;
        if is_rule {
            self.body(input);
        } else {
            self.rules(input);
        }
        self.depth -= 1;
        (self.parent, self.layer) = around;
        Ok(())
    }

    fn named_layers(&mut self, input: &mut Parser<'_>) -> Result<Vec<Option<usize>>, NotThis> {
        let around: Vec<String> = self
            .layer
            .and_then(|layer| self.sheet.layers.get(layer))
            .cloned()
            .unwrap_or_default();
        let mut paths = Vec::new();
        if input.is_exhausted() {
            // One without a name is like no other.
            let name = format!("unnamed-{}", self.sheet.layers.len());
            paths.push([around.as_slice(), &[name]].concat());
        } else {
            paths = input.parse_comma_separated(|input| {
                let mut path = around.clone();
                path.push(input.expect_ident()?.to_string());
                while input.try_parse(|input| input.expect_delim('.')).is_ok() {
                    path.push(input.expect_ident()?.to_string());
                }
                Ok::<_, NotThis>(path)
            })?;
        }
        let mut out = Vec::new();
        for path in paths {
            match self.sheet.layer(path) {
                Ok(layer) => out.push(Some(layer)),
                Err(failure) => {
                    self.failure.get_or_insert(failure);
                    return Err(wrong());
                }
            }
        }
        Ok(out)
    }
}

/// What an at-rule is.
enum AtRule {
    /// Its block stands as if there were no at-rule.
    Transparent,
    /// Its block is skipped, which has been told where it matters.
    Skipped,
    Layers(Vec<Option<usize>>),
}

impl<'i> AtRuleParser<'i> for Reader<'_, '_> {
    type Prelude = AtRule;
    type AtRule = ();
    type Error = ();

    fn parse_prelude(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
    ) -> Result<AtRule, NotThis> {
        let name = name.to_ascii_lowercase();
        let start = input.position();
        let truth = match name.as_str() {
            "media" => condition::media(input, self.screen),
            "supports" => condition::supports(input, &mut supports),
            "layer" => return self.named_layers(input).map(AtRule::Layers),
            // They say nothing about a drawing on a screen. That a font is missing is told where
            // text is set in it.
            "charset"
            | "namespace"
            | "page"
            | "view-transition"
            | "counter-style"
            | "font-face"
            | "font-feature-values"
            | "font-palette-values"
            | "viewport"
            | "-ms-viewport"
            | "starting-style"
            | "position-try" => Truth::False,
            _ => Truth::Unknown,
        };
        while input.next().is_ok() {}
        match truth {
            Truth::True => return Ok(AtRule::Transparent),
            Truth::False => return Ok(AtRule::Skipped),
            Truth::Unknown => {}
        }
        let prelude = input.slice_from(start).trim();
        let (kind, what) = match name.as_str() {
            "import" => (WarningKind::ExternalReference, "@import".to_owned()),
            "keyframes" | "-webkit-keyframes" => (WarningKind::Animation, "@keyframes".to_owned()),
            _ => (WarningKind::StyleRule, format!("@{name} {prelude}")),
        };
        self.cleaner.warnings.add(kind, what.trim());
        Ok(AtRule::Skipped)
    }

    fn rule_without_block(&mut self, _prelude: AtRule, _start: &ParserState) -> Result<(), ()> {
        Ok(())
    }

    fn parse_block(
        &mut self,
        prelude: AtRule,
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), NotThis> {
        let parent = self.parent.clone();
        match prelude {
            AtRule::Transparent => self.inside(input, parent, self.layer),
            AtRule::Layers(layers) => match layers.as_slice() {
                [layer] => self.inside(input, parent, *layer),
                _ => Err(wrong()),
            },
            AtRule::Skipped => {
                while input.next().is_ok() {}
                Ok(())
            }
        }
    }
}

impl<'i> QualifiedRuleParser<'i> for Reader<'_, '_> {
    type Prelude = SelectorList;
    type QualifiedRule = ();
    type Error = ();

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<SelectorList, NotThis> {
        let start = input.position();
        let found = selector::parse_list(input, self.parent.as_ref());
        if found.is_err() {
            while input.next().is_ok() {}
            let text = input.slice_from(start).trim();
            self.cleaner.warnings.add(WarningKind::Selector, text);
        }
        found
    }

    fn parse_block(
        &mut self,
        selectors: SelectorList,
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), NotThis> {
        self.inside(input, Some(selectors), self.layer)
    }
}

impl<'i> DeclarationParser<'i> for Reader<'_, '_> {
    type Declaration = ();
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _start: &ParserState,
    ) -> Result<(), NotThis> {
        let value = raw_value(input, name.starts_with("--"))?;
        if let Err(failure) = self.cleaner.meter.add(1) {
            self.failure.get_or_insert(failure);
        }
        if self.failure.is_none() {
            self.cleaner
                .declare(&name, value, Syntax::Sheet, &mut self.block);
        }
        Ok(())
    }
}

impl RuleBodyItemParser<'_, (), ()> for Reader<'_, '_> {
    fn parse_declarations(&self) -> bool {
        self.parent.is_some()
    }

    fn parse_qualified(&self) -> bool {
        true
    }
}

/// Whether what `@supports` asks for is read here.
fn supports(input: &mut Parser<'_>) -> Result<Truth, NotThis> {
    if input
        .try_parse(|input| input.expect_function_matching("selector"))
        .is_ok()
    {
        let found = input.parse_nested_block(|input| selector::parse_list(input, None));
        return Ok(if found.is_ok() {
            Truth::True
        } else {
            Truth::Unknown
        });
    }
    let name = input.expect_ident_cloned()?;
    input.expect_colon()?;
    let value = raw_value(input, true)?.trim();
    if name.starts_with("--") {
        return Ok(Truth::True);
    }
    // Of properties for other things than drawings nothing is known.
    let Some(name) = rules::property(&name.to_ascii_lowercase()) else {
        return Ok(Truth::Unknown);
    };
    let is_read = values::is_read(name, value, Syntax::Sheet);
    Ok(if is_read { Truth::True } else { Truth::False })
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;

    use super::super::meter::Meter;
    use super::super::reader::Profile;
    use super::super::warning::{Warning, Warnings};
    use super::*;

    const SCREEN: Screen = Screen {
        width: 200.0,
        height: 160.0,
    };

    fn read(text: &str) -> Result<(String, Vec<Warning>), ParseError> {
        let (never, mut warnings) = (Stop::never(), Warnings::default());
        let mut cleaner = Cleaner {
            profile: Profile::Document,
            warnings: &mut warnings,
            meter: &Meter::new(&never),
        };
        let text = Sheet::default().read(text, SCREEN, &mut cleaner)?;
        Ok((text, warnings.into_list()))
    }

    fn sheet(text: &str) -> String {
        read(text).expect("within limits").0
    }

    #[test]
    fn plain_rules_pass() {
        assert_eq!(
            sheet(".a , #b > rect { fill : red ; stroke:url(#s) }\n/* no */ g{opacity:.5}"),
            ".a,#b > rect{fill:red;stroke:url(#s)}g{opacity:.5}"
        );
        assert_eq!(sheet("<!-- .a{fill:red} -->"), ".a{fill:red}");
    }

    #[test]
    fn conditions_are_decided_and_nesting_undone() {
        for (text, expected) in [
            ("@media screen{.a{fill:red}}", ".a{fill:red}"),
            ("@media print{.a{fill:red}}.b{fill:red}", ".b{fill:red}"),
            (
                "@media (width:200px){@media all{.a{fill:red}}}",
                ".a{fill:red}",
            ),
            ("@supports (fill:red){.a{fill:red}}", ".a{fill:red}"),
            ("@supports not (fill:red){.a{fill:red}}", ""),
            (
                ".a{fill:red;.b &{fill:blue}stroke:red;&:hover{fill:lime}}",
                ".a{fill:red}.b :is(.a){fill:blue}.a{stroke:red}:is(.a):hover{fill:lime}",
            ),
            (
                ".a{@media print{fill:red}@media screen{fill:blue}}",
                ".a{fill:blue}",
            ),
            (".a{rect{fill:red}}", ":is(.a) rect{fill:red}"),
            (
                "@layer a,b;@layer b{.x{fill:red}}@layer a{.x{fill:blue}}",
                "@layer a,b;@layer b{.x{fill:red}}@layer a{.x{fill:blue}}",
            ),
            (
                "@layer{.x{fill:red}}",
                "@layer unnamed-0;@layer unnamed-0{.x{fill:red}}",
            ),
            (".a{--b:{x};fill:red}", ".a{fill:red}"),
            (".a{font-size:20;width:20;x:20}", ".a{x:20}"),
        ] {
            assert_eq!(sheet(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_active_passes() {
        for (text, expected) in [
            ("@import url(http://x); .a{fill:red}", ".a{fill:red}"),
            ("@import 'http://x';", ""),
            ("@font-face{src:url(x)}.b{fill:blue}", ".b{fill:blue}"),
            (".a{fill:url(http://x)}", ""),
            (".a{background-image:url(#x);fill:red}", ".a{fill:red}"),
            (".a{fill:u\\72l(http://x)}", ""),
            (".a{fill:ur/**/l(http://x)}", ""),
            (".a{fill:expression(alert(1))}", ""),
            (".a{fill:red}</style><script>", ".a{fill:red}"),
            ("@import 'a;b'; .a{fill:red}", ".a{fill:red}"),
            (".a{--x:url(http://x);fill:red}", ".a{fill:red}"),
            (
                ".a{font-family:'x;y';fill:red",
                ".a{font-family:'x;y';fill:red}",
            ),
        ] {
            assert_eq!(sheet(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_lost_is_told() {
        for (text, kind, subject) in [
            ("@import 'x';", WarningKind::ExternalReference, "@import"),
            (".a:has(b){fill:red}", WarningKind::Selector, ".a:has(b)"),
            (".a..b,c{fill:red}", WarningKind::Selector, ".a..b,c"),
            (
                "@media (shape:round){a{fill:red}}",
                WarningKind::StyleRule,
                "@media (shape:round)",
            ),
            ("@keyframes x{}", WarningKind::Animation, "@keyframes"),
            (".a{fill:reddish}", WarningKind::Unreadable, "fill: reddish"),
            (
                "@container (x){a{fill:red}}",
                WarningKind::StyleRule,
                "@container (x)",
            ),
        ] {
            let (out, warnings) = read(text).expect("within limits");
            assert_eq!(out, "", "{text}");
            let found: Vec<_> = warnings
                .iter()
                .map(|w| (w.kind, w.subject.as_str()))
                .collect();
            assert_eq!(found, [(kind, subject)], "{text}");
            assert!(kind.changes_picture(), "{text}");
        }
        for text in [
            "@media print{a{fill:red}}",
            "@charset 'utf-8';",
            "@namespace 'x';",
            "@font-face{src:x}",
        ] {
            assert_eq!(read(text), Ok((String::new(), Vec::new())), "{text}");
        }
    }

    #[test]
    fn what_multiplies_is_bounded() {
        let many = format!("{}{{fill:red}}", vec![".a"; 5_000].join(","));
        assert!(read(&many).is_err());
        let deep = format!("{}fill:red", ".a{".repeat(10_000));
        assert!(read(&deep).is_ok());
        let layers: String = (0..1_000).map(|n| format!("@layer l{n};")).collect();
        assert!(read(&layers).is_err());
    }

    #[test]
    fn layers_rank_by_first_appearance_and_inner_ones_lower() {
        let (never, mut warnings) = (Stop::never(), Warnings::default());
        let mut cleaner = Cleaner {
            profile: Profile::Document,
            warnings: &mut warnings,
            meter: &Meter::new(&never),
        };
        let mut sheet = Sheet::default();
        let text = "@layer b;@layer a{@layer x{r{fill:red}}r{fill:red}}@layer b{r{fill:red}}";
        sheet
            .read(text, SCREEN, &mut cleaner)
            .expect("within limits");
        // In order of appearance: b, a, a.x.
        assert_eq!(sheet.ranks(), [0, 2, 1]);
    }
}
