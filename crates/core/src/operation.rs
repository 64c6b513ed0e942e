//! One operation at a processor that moves money or could (M1): its states, and what moves it.
//!
//! `Sending` is committed before anything is sent, the outcome after. A missing answer is a state of its own, not a
//! failure: only what the processor says about it, in a look-up or a replay with the same key, moves it.

use std::fmt;

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// Committed; it may leave at any moment, or have left.
    Sending,
    /// The processor has it and will decide later.
    Pending,
    /// It was, or may have been, sent, and no answer is known.
    Unknown,
    /// The processor did it.
    Succeeded,
    /// The processor, or the issuer, said no.
    Declined,
    /// Surely nothing left us, and nothing will.
    NotSent,
    /// The processor says for certain that it never got it.
    Absent,
    /// The customer has to answer a challenge. To go on after it is an operation of its own.
    RequiresAction,
}

/// What became known of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The processor did it.
    Approved,
    /// The processor, or the issuer, said no.
    Declined,
    /// The processor has it and will decide later.
    Pending,
    /// The processor wants the customer to answer a challenge.
    Challenge,
    /// Nothing left us in this try.
    NotSent,
    /// This try, or this look-up, brought no answer.
    NoAnswer,
    /// The processor says for certain that it never got it, and none of our requests can still be on the way.
    Absent,
}

/// The outcome contradicts what is known already. Nothing may be changed; a person has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an operation that is {from} cannot become {outcome:?}")]
pub struct InvalidTransition {
    /// What is known.
    pub from: OperationState,
    /// What was said.
    pub outcome: Outcome,
}

impl OperationState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Sending,
        Self::Pending,
        Self::Unknown,
        Self::Succeeded,
        Self::Declined,
        Self::NotSent,
        Self::Absent,
        Self::RequiresAction,
    ];

    /// The state after this outcome.
    ///
    /// Whoever finds an operation that another, dead process left in `Sending` settles it with
    /// [`Outcome::NoAnswer`] first: that process may have sent it, whatever becomes of the next try. From then on
    /// `NotSent` says nothing about the first try, and the operation stays unknown.
    ///
    /// A terminal state accepts the outcome that it already holds (the same answer may come twice) and, as an
    /// unsuccessful look-up changes no fact, `NotSent` and `NoAnswer`; anything else is an error.
    pub fn settle(self, outcome: Outcome) -> Result<Self, InvalidTransition> {
        let undecided = matches!(self, Self::Sending | Self::Unknown | Self::Pending);
        let waiting = self == Self::RequiresAction;
        // A processor that said "pending" or asked for a challenge had it: it cannot be absent.
        let untouched = matches!(self, Self::Sending | Self::Unknown);
        match outcome {
            Outcome::Approved if undecided || waiting || self == Self::Succeeded => Ok(Self::Succeeded),
            Outcome::Declined if undecided || waiting || self == Self::Declined => Ok(Self::Declined),
            Outcome::Challenge if undecided || waiting => Ok(Self::RequiresAction),
            Outcome::Pending if undecided => Ok(Self::Pending),
            Outcome::Absent if untouched || self == Self::Absent => Ok(Self::Absent),
            // Only in the first try does "not sent" speak of the operation, and "no answer" make it unknown.
            Outcome::NotSent if self == Self::Sending => Ok(Self::NotSent),
            Outcome::NoAnswer if self == Self::Sending => Ok(Self::Unknown),
            Outcome::NotSent | Outcome::NoAnswer => Ok(self),
            _ => Err(InvalidTransition { from: self, outcome }),
        }
    }

    /// Whether money may still move by it, so that its debt must have no other (M2).
    pub fn is_open(self) -> bool {
        matches!(self, Self::Sending | Self::Pending | Self::Unknown)
    }

    /// Whether nothing can change it any more.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Declined | Self::NotSent | Self::Absent)
    }

    /// Whether it counts as an attempt (M4): it reached an issuer, or may have.
    pub fn may_have_reached_issuer(self) -> bool {
        !matches!(self, Self::NotSent | Self::Absent)
    }

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::NotSent => "not_sent",
            Self::Absent => "absent",
            Self::RequiresAction => "requires_action",
        }
    }

    /// The state with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl fmt::Display for OperationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
