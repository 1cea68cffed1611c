//! Two texts line by line: what stayed, what went, what came.

/// More comparisons than this are not made; then everything went and everything came.
const COMPARED_MAX: usize = 4_000_000;
/// Lines that stayed and are shown around those that did not.
const AROUND: usize = 2;

/// A line of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineDiff<'t> {
    /// In both.
    Same(&'t str),
    /// Only in the first.
    Gone(&'t str),
    /// Only in the second.
    New(&'t str),
    /// So many that are in both are left out here.
    Skipped(usize),
}

/// The difference with the longest lines in common, those far from any change left out.
pub fn line_diff<'t>(before: &'t str, after: &'t str) -> Vec<LineDiff<'t>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_mid, new_mid) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let mut diff: Vec<LineDiff<'_>> = old[..head].iter().map(|line| LineDiff::Same(line)).collect();
    middle(&mut diff, old_mid, new_mid);
    diff.extend(old_rest[old_mid.len()..].iter().map(|line| LineDiff::Same(line)));
    shortened(diff)
}

fn middle<'t>(diff: &mut Vec<LineDiff<'t>>, old: &[&'t str], new: &[&'t str]) {
    let wide = new.len() + 1;
    if old.len().saturating_mul(wide) > COMPARED_MAX {
        diff.extend(old.iter().map(|line| LineDiff::Gone(line)));
        diff.extend(new.iter().map(|line| LineDiff::New(line)));
        return;
    }
    // The longest common part of what is left of both, from the end.
    let mut common = vec![0_u32; (old.len() + 1) * wide];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            common[a * wide + b] = if old[a] == new[b] {
                common[(a + 1) * wide + b + 1] + 1
            } else {
                common[(a + 1) * wide + b].max(common[a * wide + b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        if a < old.len() && b < new.len() && old[a] == new[b] {
            diff.push(LineDiff::Same(old[a]));
            (a, b) = (a + 1, b + 1);
        } else if b == new.len() || (a < old.len() && common[(a + 1) * wide + b] >= common[a * wide + b + 1])
        {
            diff.push(LineDiff::Gone(old[a]));
            a += 1;
        } else {
            diff.push(LineDiff::New(new[b]));
            b += 1;
        }
    }
}

fn shortened(diff: Vec<LineDiff<'_>>) -> Vec<LineDiff<'_>> {
    let same = |at: usize| matches!(diff[at], LineDiff::Same(_));
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        (from..(at + AROUND + 1).min(diff.len())).any(|at| !same(at))
    };
    let mut short: Vec<LineDiff<'_>> = Vec::new();
    for (at, line) in diff.iter().enumerate() {
        if near(at) {
            short.push(*line);
        } else if let Some(LineDiff::Skipped(count)) = short.last_mut() {
            *count += 1;
        } else {
            short.push(LineDiff::Skipped(1));
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stayed_is_found() {
        use LineDiff::{Gone, New, Same, Skipped};
        assert_eq!(line_diff("a\nb\nc", "a\nx\nc"), [Same("a"), Gone("b"), New("x"), Same("c")]);
        assert_eq!(line_diff("a", ""), [Gone("a")]);
        let long = "1\n2\n3\n4\n5\n";
        assert_eq!(line_diff(long, &format!("{long}6"))[..], [Skipped(3), Same("4"), Same("5"), New("6")]);
        assert_eq!(line_diff(long, long), [Skipped(5)]);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_out_of_it(old in "([abc]\n){0,9}", new in "([abc]\n){0,9}") {
            let lines = |text: &str| text.lines().count();
            let diff = line_diff(&old, &new);
            let count = |of: fn(&LineDiff<'_>) -> usize| diff.iter().map(of).sum::<usize>();
            let same = count(|line| match line { LineDiff::Same(_) => 1, LineDiff::Skipped(count) => *count, _ => 0 });
            let gone = count(|line| usize::from(matches!(line, LineDiff::Gone(_))));
            let came = count(|line| usize::from(matches!(line, LineDiff::New(_))));
            prop_assert_eq!((same + gone, same + came), (lines(&old), lines(&new)));
        }
    }
}
