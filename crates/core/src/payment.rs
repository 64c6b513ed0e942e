//! A payment on its way: the statuses of a payment intent, as Stripe names them, and the amounts on it (M5).

mod amounts;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::operation::OperationState;

pub use amounts::{Amounts, AmountsError};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// It needs a (or another) way to pay.
    RequiresPaymentMethod,
    /// It has a way to pay and waits for the word.
    RequiresConfirmation,
    /// The customer has to answer a challenge.
    RequiresAction,
    /// It is with the processor, or nobody knows (M1).
    Processing,
    /// The money is reserved and waits to be taken.
    RequiresCapture,
    /// It will not happen.
    Canceled,
    /// The money was taken.
    Succeeded,
}

/// When reserved money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMethod {
    /// At once.
    Automatic,
    /// When the merchant says so.
    Manual,
}

/// What was asked does not fit where the payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payment whose status is {status} cannot be {}", .asked.as_str())]
pub struct WrongStatus {
    /// Where it stands.
    pub status: PaymentStatus,
    /// What was asked.
    pub asked: Step,
}

/// What can be asked of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To send it to the processor.
    Confirm,
    /// To take note of what became of it there.
    Settle,
    /// To take reserved money.
    Capture,
    /// To give it up.
    Cancel,
}

impl Step {
    fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirmed",
            Self::Settle => "settled",
            Self::Capture => "captured",
            Self::Cancel => "canceled",
        }
    }
}

impl PaymentStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::RequiresPaymentMethod,
        Self::RequiresConfirmation,
        Self::RequiresAction,
        Self::Processing,
        Self::RequiresCapture,
        Self::Canceled,
        Self::Succeeded,
    ];

    /// It is about to be sent: the way to pay is known, and its operation is committed as *sending* together with
    /// this. Also the return from a challenge; before any other confirm of a payment that waits for one, what waits at
    /// the processor must have been cancelled (M2).
    pub fn confirm(self) -> Result<Self, WrongStatus> {
        match self {
            Self::RequiresPaymentMethod | Self::RequiresConfirmation | Self::RequiresAction => {
                Ok(Self::Processing)
            }
            Self::Processing | Self::RequiresCapture | Self::Canceled | Self::Succeeded => {
                Err(self.cannot(Step::Confirm))
            }
        }
    }

    /// Its authorisation now stands so. A decline takes the way to pay away, as Stripe does; where surely nothing
    /// reached the processor the way to pay is as good as before, and the payment can be confirmed again.
    pub fn settle(self, operation: OperationState, capture: CaptureMethod) -> Result<Self, WrongStatus> {
        match self {
            Self::Processing | Self::RequiresAction => Ok(match operation {
                OperationState::Sending | OperationState::Pending | OperationState::Unknown => {
                    Self::Processing
                }
                OperationState::RequiresAction => Self::RequiresAction,
                OperationState::Declined => Self::RequiresPaymentMethod,
                OperationState::NotSent | OperationState::Absent => Self::RequiresConfirmation,
                OperationState::Succeeded => match capture {
                    CaptureMethod::Automatic => Self::Succeeded,
                    CaptureMethod::Manual => Self::RequiresCapture,
                },
            }),
            _ => Err(self.cannot(Step::Settle)),
        }
    }

    /// Its capture now stands so. The payment keeps its status until the capture succeeded: a capture that was
    /// refused, or never arrived, leaves the money reserved, and one in flight is held by its open operation (M2).
    pub fn capture(self, operation: OperationState) -> Result<Self, WrongStatus> {
        match (self, operation) {
            (Self::RequiresCapture, OperationState::Succeeded) => Ok(Self::Succeeded),
            (Self::RequiresCapture, _) => Ok(Self::RequiresCapture),
            _ => Err(self.cannot(Step::Capture)),
        }
    }

    /// It is given up. What waits or is reserved at the processor must have been voided; while it is processing money
    /// may move, so it cannot be given up.
    pub fn cancel(self) -> Result<Self, WrongStatus> {
        match self {
            Self::RequiresPaymentMethod
            | Self::RequiresConfirmation
            | Self::RequiresAction
            | Self::RequiresCapture => Ok(Self::Canceled),
            Self::Processing | Self::Canceled | Self::Succeeded => Err(self.cannot(Step::Cancel)),
        }
    }

    /// Whether nothing can change it any more.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Canceled | Self::Succeeded)
    }

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Canceled => "canceled",
            Self::Succeeded => "succeeded",
        }
    }

    /// The status with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    fn cannot(self, asked: Step) -> WrongStatus {
        WrongStatus { status: self, asked }
    }
}

impl CaptureMethod {
    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }

    /// The method with this word. Stripe's `automatic_async` is taken as `automatic`: it differs in timing alone.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "automatic" | "automatic_async" => Some(Self::Automatic),
            "manual" => Some(Self::Manual),
            _ => None,
        }
    }
}

impl fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
