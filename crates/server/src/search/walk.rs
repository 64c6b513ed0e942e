//! Goes through candidates, newest first, a step at a time.

use std::collections::BTreeSet;

use onfile_core::ids::{AccountId, Id};
use onfile_service::db::{DbError, Tx};

use super::Searched;
use super::plan::{Lane, Plan, Source};
use crate::model::Object;
use crate::store::pages::Window;
use crate::store::{search, sets};

/// How many are looked at in one statement at most, and by how much a step is longer than the one before it.
const STEP_MAX: u32 = 500;
const STEP_GROWTH: u32 = 4;
/// The shortest step of one lane of several.
const LANE_STEP_MIN: u32 = 20;

/// A walk that has come so far.
#[derive(Debug)]
pub(super) struct Walk {
    source: Source,
    low: String,
    /// What comes next is below this; none at the end.
    high: Option<String>,
    step: u32,
    /// How many objects were loaded.
    pub objects: usize,
    /// How many entries of the index were looked at.
    pub entries: usize,
}

impl Walk {
    /// At the beginning of a plan; the first step is so long.
    pub fn new(plan: Plan, step: u32) -> Self {
        let high = (plan.source != Source::Nowhere).then_some(plan.high);
        Self {
            source: plan.source,
            low: plan.low,
            high,
            step: step.clamp(1, STEP_MAX),
            objects: 0,
            entries: 0,
        }
    }

    /// Where the next step begins; none at the end.
    pub fn high(&self) -> Option<&str> {
        self.high.as_deref()
    }

    /// The next candidates, which may be none for now; none at all at the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next<T: Searched>(
        &mut self,
        tx: &mut Tx,
        account: &AccountId,
    ) -> Result<Option<Vec<T>>, DbError> {
        let Some(high) = self.high.take() else { return Ok(None) };
        let (objects, next) = match &self.source {
            Source::Nowhere => return Ok(None),
            Source::Table => {
                let page = T::scan(tx, account, &self.window(&high, self.step), None).await?;
                (page.objects, page.has_more)
            }
            Source::Lanes(lanes) => {
                let (ids, horizon) = self.propose::<T>(tx, account, lanes, &high).await?;
                let more = horizon.is_some();
                self.high = horizon;
                self.entries += usize::try_from(self.step).unwrap_or(usize::MAX);
                (load::<T>(tx, account, ids).await?, more)
            }
        };
        self.objects += objects.len();
        let found = T::whole(tx, account, objects).await?;
        if self.source == Source::Table {
            self.high = found.last().filter(|_| next).map(|last| last.place().to_owned());
        }
        self.step = self.step.saturating_mul(STEP_GROWTH).min(STEP_MAX);
        Ok(Some(found))
    }

    fn window(&self, high: &str, limit: u32) -> Window {
        Window { low: self.low.clone(), high: high.to_owned(), ..Window::newest(limit) }
    }

    /// What the lanes propose below a place, and the place below which there may be more. Lanes come equally far: what one
    /// of them proposes beyond the place that another has reached is left for the next step.
    async fn propose<T: Searched>(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        lanes: &[Lane],
        high: &str,
    ) -> Result<(BTreeSet<String>, Option<String>), DbError> {
        let share = u32::try_from(lanes.len()).map_or(1, |lanes| self.step / lanes.max(1));
        let step = share.max(LANE_STEP_MIN.min(self.step));
        let (mut proposed, mut horizon) = (BTreeSet::new(), None::<String>);
        for lane in lanes {
            let (ids, end) = match lane {
                Lane::Terms(terms) => search::having(tx, account, *terms, (&self.low, high), step).await?,
                Lane::Customer(customer) => {
                    let window = self.window(high, step);
                    let page = T::scan(tx, account, &window, Some(customer)).await?;
                    let ids: Vec<String> =
                        page.objects.iter().map(|object| object.id().as_str().to_owned()).collect();
                    let end = ids.last().filter(|_| page.has_more).cloned();
                    (ids, end)
                }
            };
            proposed.extend(ids);
            horizon = horizon.max(end);
        }
        if let Some(horizon) = &horizon {
            proposed = proposed.split_off(horizon);
        }
        Ok((proposed, horizon))
    }
}

/// Loads objects, newest first.
async fn load<T: Searched>(
    tx: &mut Tx,
    account: &AccountId,
    ids: BTreeSet<String>,
) -> Result<Vec<T::Object>, DbError> {
    type IdOf<T> = <<T as Searched>::Object as Object>::Id;
    let ids: Vec<IdOf<T>> = ids.into_iter().map(IdOf::<T>::from_trusted).collect();
    let loaded = sets::load::<T::Object>(tx, account, &ids.iter().collect::<Vec<_>>()).await?;
    let mut objects: Vec<T::Object> = loaded.into_iter().map(|found| found.object).collect();
    objects.sort_by(|a, b| b.id().as_str().cmp(a.id().as_str()));
    Ok(objects)
}
