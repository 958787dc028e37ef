//! Turns what was read into records, one after the other, and knows at each moment where the next call
//! would have to resume.

use super::closing;
use super::context::Context;
use super::counts;
use super::cursor::State;
use super::fetch::Taken;
use super::halt::Halt;
use super::listing::{ListedItem, Listing, closing_stage, resource_at};
use super::making::{Listed, Made, drop_repeats};
use super::page::outline;
use super::pipeline::Done;
use super::plan::Plan;
use super::position::{Inside, Position, Step};
use crate::base::digest::short_hash;
use crate::base::model::{Diagnostic, Failure, Page, Record};
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::body::Body;
use crate::record::answer::PartAnswer;
use crate::record::config::Config;
use crate::record::emit::Emit;
use crate::record::findings::Findings;
use crate::record::kind::Nature;
use crate::record::own;
use crate::record::problem::{Cause, Problem, reading};
use crate::record::resource::Resource;
use crate::record::secrets::{WITHHELD, is_secret};
use crate::record::source::Source;
use crate::record::tally::Tally;
use crate::record::turn::next_since;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// A page in the making.
pub struct Assembly<'c, 'w, S: Source, W> {
    context: &'c Context<'c, 'w, S, W>,
    config: &'c Config<S>,
    state: State<S>,
    start: Position,
    records: Vec<Record>,
    diagnostics: Vec<Diagnostic>,
    halt: Option<Halt>,
    finished: bool,
}

impl<'c, 'w, S: Source, W: World> Assembly<'c, 'w, S, W> {
    /// Resumes from `state`.
    pub fn new(context: &'c Context<'c, 'w, S, W>, config: &'c Config<S>, state: State<S>) -> Self {
        for (part, refusals) in state.refusals.iter().enumerate() {
            context.progress.close(state.position.stage, part, counts::closed(refusals));
        }
        Self {
            context,
            config,
            start: state.position.clone(),
            state,
            records: Vec::new(),
            diagnostics: Vec::new(),
            halt: None,
            finished: false,
        }
    }

    /// Where the next call would resume.
    pub fn position(&self) -> Position {
        self.state.position.clone()
    }

    /// The stage of that.
    pub fn stage(&self) -> usize {
        self.state.position.stage
    }

    /// Whether no further record fits.
    pub fn is_full(&self) -> bool {
        self.context.is_full()
    }

    /// Whether nothing more can be taken.
    pub fn is_over(&self) -> bool {
        self.halt.is_some() || self.is_full()
    }

    fn plan(&self) -> &'c Plan {
        self.context.call.plan
    }

    /// Takes the answer that named the account.
    pub fn account(&mut self, body: &Body) {
        if self.stage() > 0 {
            return;
        }
        let account = S::ACCOUNT;
        let item = Listed { list: body, page: None, index: 0, json: body.data(), id: "" };
        let mut made = self.emit(|out, findings, notes| {
            let item = item.with(&[], &[], notes);
            (account.resource.project)(&item, out, findings);
        });
        let found = counts::drift(&mut self.state, account.path, &made.findings);
        self.tell(found);
        counts::findings(
            &mut self.state,
            self.context.call.plan,
            &account.resource,
            (account.resource.path, 0),
            &mut made.findings,
        );
        for record in made.records {
            self.deliver(record);
        }
        counts::kinds(&mut self.state, self.context.call.plan, &[account.kind], |tally| {
            tally.items += 1;
            tally.open = 0;
            tally.response(body.seen.read_at);
        });
        self.advance(1);
    }

    /// Takes what the pipeline gave.
    pub fn take(&mut self, done: Done) {
        match done {
            Done::Item(listing, index, parts) => self.item(&listing, index, parts),
            Done::Step(listing, index, step, taken) => self.step(&listing, index, &step, *taken),
            Done::EmptyPage(listing) => self.page_end(&listing),
            Done::Lost(stage, problem) => {
                if let Some(resource) = resource_at::<S>(stage) {
                    counts::of_list(&mut self.state, self.context.call.plan, resource, &problem);
                    self.walk_end(resource, stage);
                }
            }
            Done::Halt(halt) => self.halt = Some(halt),
        }
    }

    fn item(&mut self, listing: &Rc<Listing>, index: usize, mut answers: Vec<PartAnswer>) {
        let (Some(resource), Some(listed)) = (resource_at::<S>(listing.stage), listing.items.get(index)) else {
            return;
        };
        self.state.position.changed = listing.is_changed();
        for (number, answer) in answers.iter_mut().enumerate() {
            counts::refuse(&mut self.state, &self.context.progress, (resource, number), (answer, listed.mark()));
        }
        let item = Listed::of(listing, listed);
        let mut made = self.emit(|out, findings, notes| {
            (resource.project)(&item.with(resource.parts, &answers, notes), out, findings);
        });
        let step = Step::default();
        if !self.deliver_all(&mut made, listed, &step) {
            return;
        }
        let plan = self.context.call.plan;
        counts::item(&mut self.state, plan, resource);
        for (part, answer) in resource.parts.iter().zip(&answers).filter(|(part, _)| part.project.is_none()) {
            counts::part(&mut self.state, plan, part, (answer, listed.mark()));
            self.doubt(part.path, answer);
        }
        let next = self.context.next_step(listing, listed, &step);
        self.end_step(listing, index, next, (resource.path, made.findings));
    }

    fn step(&mut self, listing: &Rc<Listing>, index: usize, step: &Step, taken: Taken) {
        let (Some(resource), Some(listed)) = (resource_at::<S>(listing.stage), listing.items.get(index)) else {
            return;
        };
        let Some((number, part)) = step.part.and_then(|number| Some((number, resource.parts.get(number)?))) else {
            return;
        };
        let Taken { mut answer, trouble, next } = taken;
        self.state.position.changed = listing.is_changed();
        counts::refuse(&mut self.state, &self.context.progress, (resource, number), (&mut answer, listed.mark()));
        let item = Listed::of(listing, listed);
        let mut made = self.emit(|out, findings, notes| {
            if let Some(project) = part.project {
                project(&item.with(resource.parts, &[], notes), &answer, out, findings);
            }
        });
        let next = next.map(|list| Step { list, ..step.clone() });
        let next = next.or_else(|| self.context.next_step(listing, listed, step));
        made.goes_on = next.as_ref().is_some_and(|next| next.part == step.part);
        made.findings.changed = trouble == Some(Cause::ListChanged);
        if !self.deliver_all(&mut made, listed, step) {
            return;
        }
        let plan = self.context.call.plan;
        counts::part(&mut self.state, plan, part, (&answer, listed.mark()));
        self.doubt(part.path, &answer);
        if let Some(cause) = trouble.filter(|cause| *cause != Cause::ListChanged) {
            counts::of_part(&mut self.state, plan, part, (&Problem::of_items(cause, part.path, 1), listed.mark()));
        }
        self.end_step(listing, index, next, (part.path, made.findings));
    }

    /// Reports what was found. Names of unknown fields are the vendor's: they are judged like any text of its own.
    fn tell(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        for mut finding in found {
            for text in [&mut finding.pointer, &mut finding.message] {
                let is_own = |form: &String| text.contains(form.as_str());
                if is_secret(text) || self.config.own_secrets.iter().any(is_own) {
                    *text = WITHHELD.into();
                } else if let Some(other) =
                    self.config.settings.privacy.without_people(&self.state.identity.account, text)
                {
                    *text = other;
                }
            }
            self.diagnostics.push(finding);
        }
    }

    /// Reports an answer that is of no use.
    fn doubt(&mut self, path: &str, answer: &PartAnswer) {
        if let PartAnswer::Broken(what) = answer {
            let message = format!("{}: {what}", reading(path));
            let found = counts::report(&mut self.state, String::new(), message);
            self.tell(found);
        }
    }

    /// Moves on from a step that was delivered: to `next`, or else to the item after it.
    fn end_step(
        &mut self,
        listing: &Rc<Listing>,
        index: usize,
        next: Option<Step>,
        (at, mut findings): (&'static str, Findings<S>),
    ) {
        let (Some(resource), Some(listed)) = (resource_at::<S>(listing.stage), listing.items.get(index)) else {
            return;
        };
        let found = counts::drift(&mut self.state, at, &findings);
        self.tell(found);
        counts::findings(&mut self.state, self.context.call.plan, resource, (at, listed.mark()), &mut findings);
        if let Some(next) = next {
            let inside = self.state.position.inside.take().filter(|inside| inside.step.part == next.part);
            self.stand_at(
                listed,
                Some(inside.map_or_else(|| Inside::at(next.clone()), |inside| inside.moved_to(next.clone()))),
            );
            return;
        }
        self.state.position.read.add(listed.hash());
        match listing.items.get(index + 1) {
            Some(next) => self.stand_at(next, None),
            None => self.page_end(listing),
        }
    }

    /// Moves to an item of the page under way, or to a place in it.
    fn stand_at(&mut self, item: &ListedItem, inside: Option<Inside>) {
        let position = &mut self.state.position;
        position.index = item.index;
        position.anchor = item.anchor();
        position.inside = inside;
    }

    /// Delivers what was made of a step and was not delivered before. Answers whether all of it fitted; if not,
    /// the position is where it stopped.
    fn deliver_all(&mut self, made: &mut Made<S>, listed: &ListedItem, step: &Step) -> bool {
        let position = &mut self.state.position;
        let is_here = |inside: &Inside| position.anchor == listed.anchor() && inside.is_in(step);
        let mut inside = position.inside.take().filter(is_here).unwrap_or_else(|| Inside::at(step.clone()));
        inside.step = step.clone();
        made.findings.changed |= core::mem::take(&mut inside.changed);
        let mut records = core::mem::take(&mut made.records);
        made.findings.conflicts += drop_repeats(&mut records);
        if !inside.read.last.is_empty() || !inside.edge.is_empty() {
            let hashes: Vec<u64> = records.iter().map(|record| short_hash(&record.id)).collect();
            let (fresh, is_other) = inside.to_deliver(&hashes);
            made.findings.changed |= is_other;
            let mut fresh = fresh.into_iter();
            records.retain(|_| fresh.next().unwrap_or(true));
        }
        let before = self.records.len();
        let mut all = true;
        for record in records {
            all = !self.is_full();
            if !all {
                break;
            }
            self.deliver(record);
        }
        // Hashes are dear: only a page that is cut, or that another one follows, needs them.
        if !all || made.goes_on {
            let delivered = self.records.get(before..).unwrap_or_default();
            delivered.iter().for_each(|record| inside.add(short_hash(&record.id)));
        }
        inside.changed = !all && made.findings.changed;
        self.stand_at(listed, Some(inside));
        all
    }

    /// Lets a projection make records, and gathers what else it noticed.
    fn emit(&self, project: impl FnOnce(&mut Emit<'_>, &mut Findings<S>, &S::Notes)) -> Made<S> {
        let (call, identity) = (self.context.call, &self.state.identity);
        let mut findings = Findings { principal: identity.user.clone(), ..Findings::default() };
        let mut out = Emit {
            urn: S::URN,
            account: &identity.account,
            wanted: &call.plan.wanted,
            since: call.plan.since,
            privacy: &call.settings.privacy,
            free_text: call.settings.free_text,
            spread_days: call.settings.spread_days,
            now: call.now(),
            records: Vec::new(),
            unknown: Vec::new(),
        };
        project(&mut out, &mut findings, &self.state.notes);
        // Before anything is hashed of them: what was delivered is found again by its id as it left.
        out.records.iter_mut().for_each(|record| own::mask(record, &self.config.own_secrets));
        findings.unknown = out.unknown;
        // It travels in the cursor.
        findings.principal_role = findings.principal_role.map(|role| {
            let role = own::without_secrets(role, &self.config.own_secrets);
            call.settings.privacy.without_people(&identity.account, &role).unwrap_or(role)
        });
        Made { records: out.records, findings, goes_on: false }
    }

    fn page_end(&mut self, listing: &Listing) {
        let Some(resource) = resource_at::<S>(listing.stage) else { return };
        counts::list(&mut self.state, self.context.call.plan, resource, |tally| {
            tally.pages += 1;
            tally.repeats += listing.repeats;
        });
        for problem in &listing.problems {
            if problem.cause == Cause::UnknownPaging {
                let found = counts::report(&mut self.state, String::new(), problem.sentence());
                self.tell(found);
            }
            counts::of_list(&mut self.state, self.context.call.plan, resource, problem);
        }
        let read_at = listing.body.seen.read_at;
        counts::kinds(&mut self.state, self.context.call.plan, resource.feeds, |tally| tally.response(read_at));
        match &listing.next {
            Some(next) => self.state.position = next.clone(),
            None => self.walk_end(resource, listing.stage),
        }
    }

    fn walk_end(&mut self, resource: &Resource<S>, stage: usize) {
        let close = |tally: &mut Tally| tally.open = tally.open.saturating_sub(1);
        counts::list(&mut self.state, self.context.call.plan, resource, close);
        counts::parts_end(&mut self.state, self.context.call.plan, resource);
        self.advance(stage + 1);
    }

    fn advance(&mut self, stage: usize) {
        let next = self.context.skip_unwanted(Position { stage, ..Position::default() });
        let closing = Position { stage: closing_stage::<S>(), ..Position::default() };
        self.state.position = next.unwrap_or(closing);
    }

    fn deliver(&mut self, record: Record) {
        self.context.progress.record(&record, self.plan().budget.max_bytes.is_some());
        let position = self.plan().wanted.iter().position(|kind| kind.id == record.kind);
        if let Some(tally) = position.and_then(|at| self.state.tallies.get_mut(at)) {
            tally.records += 1;
        }
        self.records.push(record);
    }

    /// Ends the call.
    ///
    /// # Errors
    /// A failure that struck before anything was achieved; otherwise the page says why it stopped.
    pub fn finish(mut self) -> Result<Page, Failure> {
        if self.halt.is_none() {
            self.close();
        }
        let achieved = !self.records.is_empty() || self.state.position != self.start;
        let (mut not_before, mut stopped) = (None, None);
        match self.halt.take() {
            Some(Halt::Fail(failure)) if !achieved => return Err(*failure),
            Some(Halt::Fail(failure)) => stopped = Some(*failure),
            Some(Halt::Wait(until)) => {
                not_before = Some(until);
                stopped = Some(self.context.call.rate_limited(until));
            }
            None => {}
        }
        // One wait at a time: the vendor's is the whole account's, this one is ours, and when both
        // strike the next call meets ours without sending anything.
        if !self.finished && self.stage() < closing_stage::<S>() && not_before.is_none() {
            self.diagnostics.extend(self.context.call.share_finding());
            not_before = self.context.call.share_ends();
        }
        let (not_before, next_since) = (not_before.map(Timestamp::to_rfc3339), self.next_since());
        let (records, diagnostics) = (core::mem::take(&mut self.records), core::mem::take(&mut self.diagnostics));
        let outline = outline(self.context.call, &self.state, self.finished);
        Ok(Page { records, diagnostics, not_before, stopped, next_since, ..outline })
    }

    /// Where the next collection's events begin. When events could not all be read, that is where
    /// those of this one began.
    fn next_since(&self) -> Option<String> {
        if !self.finished {
            return None;
        }
        let events =
            self.plan().wanted.iter().zip(&self.state.tallies).filter(|(kind, _)| kind.nature == Nature::Event);
        let all_read = events.clone().all(|(kind, tally)| tally.has_all_there_is(kind));
        let since = match all_read {
            true if events.count() > 0 => {
                let settings = &self.context.call.settings;
                let next = next_since(settings.spread_days, self.state.started_at());
                Some(Timestamp(next.0.saturating_sub(S::late_ms(&settings.own))))
            }
            _ => self.plan().since,
        };
        since.map(Timestamp::to_rfc3339)
    }

    /// Makes the records at the end, as many as fit.
    fn close(&mut self) {
        while self.stage() == closing_stage::<S>() && !self.finished && !self.is_full() {
            let index = self.state.position.index;
            let now = self.context.call.now();
            if let Some(mut record) = closing::record(index, &self.state, self.config, self.plan(), now) {
                own::mask(&mut record, &self.config.own_secrets);
                self.deliver(record);
                self.state.position.index += 1;
            }
            self.finished = closing::is_end::<S>(self.state.position.index, self.plan());
        }
        if self.finished {
            counts::kinds(&mut self.state, self.context.call.plan, closing::KINDS, |tally| tally.open = 0);
        }
    }
}
