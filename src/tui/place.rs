//! The places of the screen: panes that can have the focus, and the tabs of the working pane.

/// A part of the screen that can have the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    Checklist,
    Graph,
    Work,
    Gate,
}

/// A tab of the working pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Output,
    Results,
    Sql,
    Changes,
    Evidence,
    Graph,
    Notes,
    Locks,
}

impl Tab {
    pub const ALL: [Self; 8] = [
        Self::Output,
        Self::Results,
        Self::Sql,
        Self::Changes,
        Self::Evidence,
        Self::Graph,
        Self::Notes,
        Self::Locks,
    ];

    /// For a narrow pane.
    pub fn short(self) -> &'static str {
        match self {
            Self::Output => "Out",
            Self::Results => "Res",
            Self::Sql => "SQL",
            Self::Changes => "Chg",
            Self::Evidence => "Evi",
            Self::Graph => "Map",
            Self::Notes => "Note",
            Self::Locks => "Lock",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Output => "Output",
            Self::Results => "Results",
            Self::Sql => "SQL",
            Self::Changes => "Changes",
            Self::Evidence => "Evidence",
            Self::Graph => "Graph",
            Self::Notes => "Notes",
            Self::Locks => "Locks",
        }
    }
}
