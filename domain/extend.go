package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// Extended records that a due date was moved, with notice and reason, before it passed.
type Extended struct {
	Clock         Label         `json:"clock" rule:"required" doc:"the clock, as in s1.response"`
	OldDueDate    Date          `json:"old_due_date" rule:"required" doc:"the due date in force until now"`
	NewDueDate    Date          `json:"new_due_date" rule:"required" doc:"the due date from now on"`
	Reason        Personal      `json:"reason" rule:"required" doc:"why, in words"`
	ReasonCode    ExtensionCode `json:"reason_code" rule:"required" doc:"why, as a code"`
	NotifiedAt    time.Time     `json:"notified_at" rule:"required" doc:"when the complainant was told"`
	Notice        Label         `json:"notice" rule:"required" doc:"the document sent"`
	Contains      []Term        `json:"contains" rule:"required" doc:"what the notice covers"`
	DiscussedAt   time.Time     `json:"discussed_at,omitzero" doc:"when it was discussed with the complainant"`
	Agreed        *bool         `json:"agreed,omitzero" doc:"whether the complainant agreed"`
	AgreedAt      time.Time     `json:"agreed_at,omitzero" doc:"when"`
	ApprovedBy    *uuid.UUID    `json:"approved_by,omitzero" doc:"who approved going over a soft limit"`
	GoodReason    Personal      `json:"good_reason,omitzero" doc:"the good reason for going over a soft limit"`
	UpdateEveryWD int           `json:"update_every_wd,omitzero" doc:"working days between promised updates"`
}

// Schema names the event.
func (Extended) Schema() (string, int) { return "Extended", 1 }

// When returns the moment of the notice.
func (e Extended) When() time.Time { return e.NotifiedAt }

// ExtensionCode is why a due date was moved.
type ExtensionCode string

// Values returns the closed list of reasons.
func (ExtensionCode) Values() []string {
	return []string{
		"complex", "awaiting_third_party", "awaiting_complainant", "officer_absence", "volume", "public_interest", "other",
	}
}

// conditions are the reason codes that answer to a condition under which alone a law gives more time, by the name that
// procedures have for it.
var conditions = map[string][]ExtensionCode{
	"public_interest_test":   {"public_interest"},
	"complex_and_voluminous": {"complex", "volume"},
	"complexity_or_number":   {"complex", "volume"},
}

// answers reports whether the reason is the one for which alone a clock is extended.
func (c ExtensionCode) answers(only string) bool {
	return string(c) == only || slices.Contains(conditions[only], c)
}

func (e Extended) happen(c *Case, m *Metadata) {
	judged := m.RecordedAt
	if m.WayIn == ViaImport {
		judged = e.NotifiedAt
	}
	c.history.Extensions = append(c.history.Extensions, Postponement{Clock: string(e.Clock), NewDue: e.NewDueDate, Recorded: judged})
	c.Extensions = append(c.Extensions, Extension{
		Clock: e.Clock, OldDue: e.OldDueDate, NewDue: e.NewDueDate,
		NotifiedAt: e.NotifiedAt, RecordedAt: m.RecordedAt, ReasonCode: e.ReasonCode,
	})
}

// DecideExtendDeadline answers with [Extended]. The due date is judged as it stands when the extension is recorded; of an
// import, when the notice was given. Rejects with CLOCK_NOT_EXTENDABLE, STALE_REVISION (the due date given is not the one
// in force), EXT_NOT_LATER, EXT_NO_REASON, EXT_NO_NOTICE, EXT_AFTER_DUE, EXT_OVER_CAP, EXT_OVER_SOFT_CAP, EXT_PAST_GUARD,
// EXT_NOT_DISCUSSED, EXT_NOT_AGREED, OMBUDSMAN_DETAILS_MISSING.
func DecideExtendDeadline(ctx Context, e Extended) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	judged := ctx.Now
	if ctx.WayIn == ViaImport {
		judged = e.NotifiedAt
	}
	limits, exists, err := LimitsOf(p, ctx.Config.Calendar(), ctx.Case.History(), string(e.Clock), judged)
	if err != nil {
		return nil, Reject(CalendarCoverage, "the calendar does not reach far enough to say how long %s may be extended", e.Clock)
	}
	if err := Preconditions(ctx, CommandRule{After: limits.Clock.StartedAt}, e.NotifiedAt); err != nil {
		return nil, err
	}
	if !exists || !limits.Extensible() {
		return nil, Reject(ClockNotExtendable, "clock %s cannot be extended as it stands", e.Clock)
	}
	if e.OldDueDate != limits.Clock.Due {
		return nil, Reject(StaleRevision, "%s is due on %s", e.Clock, limits.Clock.Due)
	}
	if !limits.Later(e.NewDueDate) {
		return nil, Reject(ExtNotLater, "%s is due on %s", e.Clock, limits.Clock.Due)
	}
	if err := checkNotice(&limits, e); err != nil {
		return nil, err
	}
	if err := checkCaps(ctx, &limits, e); err != nil {
		return nil, err
	}
	if err := checkAgreement(limits.Extend, e); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// checkNotice looks at reason, notice and time of an extension.
func checkNotice(limits *ExtensionLimits, e Extended) error {
	if e.Reason.IsZero() || e.ReasonCode == "" {
		return Reject(ExtNoReason, "an extension has a reason")
	}
	if only := limits.Extend.OnlyFor; only != "" && !e.ReasonCode.answers(only) {
		return Reject(ExtNoReason, "%s is extended for %s only", e.Clock, only)
	}
	if code, missing := missingTerm(limits.Extend.Requires, e.Contains, CodeOmbudsmanDetails, codeDiscussed); missing {
		return Reject(ExtNoReason, "the notice lacks %s", code)
	}
	if e.Notice == "" || e.NotifiedAt.IsZero() {
		return Reject(ExtNoNotice, "the complainant is told of an extension")
	}
	if limits.AfterDue() {
		return Reject(ExtAfterDue, "%s was due on %s", e.Clock, limits.Clock.Due)
	}
	return nil
}

// codeDiscussed is what a procedure asks for where an extension is talked over with the complainant first.
const codeDiscussed Term = "discussed"

// codeUpdates is what a procedure asks for where the complainant is to hear of the matter beyond a soft limit.
const codeUpdates = "agreed_update_interval"

// checkCaps holds the new date against the limits. A soft limit may be passed with a good reason and the approval of a
// complaints manager other than who extends; a procedure may ask for updates besides.
func checkCaps(ctx Context, limits *ExtensionLimits, e Extended) error {
	if limits.OverHardCap(e.NewDueDate) {
		return Reject(ExtOverCap, "%s can be extended to %s", e.Clock, limits.Cap)
	}
	if limits.OverSoftCap(e.NewDueDate) {
		approved := e.ApprovedBy != nil && approvedBy(ctx, "approved_by", *e.ApprovedBy, ActionExtendOver) == nil
		if e.GoodReason.IsZero() || !approved {
			return Reject(ExtOverSoftCap, "beyond %s a good reason and the approval of another complaints manager are needed", limits.Cap)
		}
		if slices.Contains(limits.Extend.OverCapRequires, codeUpdates) && e.UpdateEveryWD == 0 {
			return Reject(ExtOverSoftCap, "beyond %s it is agreed how often the complainant hears of the matter: update_every_wd", limits.Cap)
		}
	}
	if limits.PastGuard(e.NewDueDate) {
		return Reject(ExtPastGuard, "%s is due on %s", limits.Guard, limits.GuardDue)
	}
	return nil
}

// checkAgreement asks for what the procedure says about the complainant's part in an extension.
func checkAgreement(extend *procedure.Extend, e Extended) error {
	discussed := extend.Agreement == "discuss" || slices.Contains(extend.Requires, string(codeDiscussed))
	if discussed && e.DiscussedAt.IsZero() {
		return Reject(ExtNotDiscussed, "the extension of %s is discussed with the complainant", e.Clock)
	}
	if extend.Agreement == "agree" && (e.Agreed == nil || !*e.Agreed) {
		return Reject(ExtNotAgreed, "%s is extended with the complainant's agreement only", e.Clock)
	}
	details := slices.Contains(extend.Requires, string(CodeOmbudsmanDetails))
	if details && !slices.Contains(e.Contains, CodeOmbudsmanDetails) {
		return Reject(OmbudsmanDetailsMissing, "the notice has to say how to reach the Ombudsman")
	}
	return nil
}
