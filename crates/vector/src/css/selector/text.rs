//! From selectors to text.

use std::fmt;

use super::{AttributeTest, Combinator, Compound, Operator, Selector, Test};

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (combinator, _)) in self.context.iter().enumerate().rev() {
            // From the left: what is furthest comes first.
            if let Some((_, compound)) = self.context.get(index) {
                write!(formatter, "{compound}")?;
            }
            formatter.write_str(match combinator {
                Combinator::Descendant => " ",
                Combinator::Child => " > ",
                Combinator::Next => " + ",
                Combinator::Later => " ~ ",
            })?;
        }
        write!(formatter, "{}", self.subject)
    }
}

impl fmt::Display for Compound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => cssparser::serialize_identifier(name, formatter)?,
            None if self.tests.is_empty() => formatter.write_str("*")?,
            None => {}
        }
        self.tests
            .iter()
            .try_for_each(|test| write!(formatter, "{test}"))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (function, list) = match self {
            Self::Id(name) => {
                formatter.write_str("#")?;
                return cssparser::serialize_identifier(name, formatter);
            }
            Self::Class(name) => {
                formatter.write_str(".")?;
                return cssparser::serialize_identifier(name, formatter);
            }
            Self::Attribute(test) => return write!(formatter, "{test}"),
            Self::Nth(nth) => {
                let end = if nth.from_end { "last-" } else { "" };
                let kind = if nth.of_type { "of-type" } else { "child" };
                return write!(formatter, ":nth-{end}{kind}({}n{:+})", nth.step, nth.offset);
            }
            Self::Only { of_type: false } => return formatter.write_str(":only-child"),
            Self::Only { of_type: true } => return formatter.write_str(":only-of-type"),
            Self::Root => return formatter.write_str(":root"),
            Self::Empty => return formatter.write_str(":empty"),
            Self::Never(name) => return formatter.write_str(name),
            Self::Is(list) => ("is", list),
            Self::Where(list) => ("where", list),
            Self::Not(list) => ("not", list),
        };
        write!(formatter, ":{function}({})", list_text(list))
    }
}

impl fmt::Display for AttributeTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[")?;
        cssparser::serialize_identifier(&self.name, formatter)?;
        formatter.write_str(match self.operator {
            Operator::Exists => return formatter.write_str("]"),
            Operator::Equals => "=",
            Operator::Includes => "~=",
            Operator::DashMatch => "|=",
            Operator::Prefix => "^=",
            Operator::Suffix => "$=",
            Operator::Substring => "*=",
        })?;
        cssparser::serialize_string(&self.value, formatter)?;
        formatter.write_str(if self.ignores_case { " i]" } else { "]" })
    }
}

/// Selectors as text.
pub(crate) fn list_text(list: &[Selector]) -> String {
    let texts: Vec<_> = list.iter().map(Selector::to_string).collect();
    texts.join(",")
}
