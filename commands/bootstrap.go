package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/domain/procedure"
	"redress/domain/procedures"
	"redress/eventstore"
)

// Opening says how an empty log begins. The zero value is that of a council.
type Opening struct {
	// Procedures are adopted, in this order; nil means those that are shipped and active or superseded.
	Procedures []*procedure.Procedure
	// Settings are adopted; nil means the defaults.
	Settings *domain.Settings
	// Calendar is the file of holidays that is adopted, and CalendarVersion its version; empty means the shipped one.
	Calendar        domain.Content
	CalendarVersion domain.Label
	// SimulatedBy names what moves the clock of a log that does not keep the time of day; empty for one that does.
	SimulatedBy domain.Term
}

// ErrOtherVault is returned for a log that was opened with another vault or key-encryption key, or whose vault has lost
// its keys: what it seals could not be opened, and what would be sealed now could not be opened by the right one.
var ErrOtherVault = errors.New("the log and the vault do not belong together")

// ErrNotOurs is returned for a log that has events and was never opened for this tenant.
var ErrNotOurs = errors.New("the log has events and was not begun by Redress for this tenant")

// Open begins an empty log, or makes sure that a log which has begun belongs to this vault and tenant. It is called at
// each start, before anything else is read.
//
// The beginning is one append: it stands in the log whole or not at all, and of several processes that begin the same
// log at once one does and the others find it done.
func (h *Handler) Open(ctx context.Context, opening Opening) error {
	config, err := h.config(ctx)
	if err != nil {
		return err
	}
	if config.Events == 0 {
		err := h.begin(ctx, opening)
		if _, begun := errors.AsType[*eventstore.Conflict](err); err != nil && !begun {
			return err
		}
		if config, err = h.config(ctx); err != nil {
			return err
		}
	}
	return h.check(ctx, config)
}

// check compares the log's opening with the vault that is open.
func (h *Handler) check(ctx context.Context, config *domain.Config) error {
	v := h.Store.Vault()
	switch {
	case config.Opened == nil:
		return fmt.Errorf("%w: its config stream does not begin with LogOpened", ErrNotOurs)
	case config.Opened.VaultID != v.ID():
		return fmt.Errorf("%w: the log was opened with vault %s, and this is %s", ErrOtherVault, config.Opened.VaultID, v.ID())
	case string(config.Opened.KEKFingerprint) != v.KEKFingerprint():
		return fmt.Errorf("%w: the log was opened with the key-encryption key %.16s…, and this is %.16s…",
			ErrOtherVault, config.Opened.KEKFingerprint, v.KEKFingerprint())
	}
	empty, err := v.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	for r, err := range h.Store.Read(ctx, domain.ConfigStream(h.Tenant), 0) {
		if err != nil {
			return err
		}
		if len(r.Meta.PIIKeys) > 0 {
			return fmt.Errorf("%w: the vault is empty, and the log holds sealed events", ErrOtherVault)
		}
	}
	return nil
}

// begin appends the opening of an empty log.
func (h *Handler) begin(ctx context.Context, opening Opening) error {
	end, err := h.Store.End(ctx)
	if err != nil {
		return err
	}
	if end != (eventstore.Mark{}) {
		return ErrNotOurs
	}
	now := h.now()
	events, err := h.openingEvents(opening, now)
	if err != nil {
		return err
	}
	id := uuid.NewSHA1(h.Store.Vault().ID(), []byte("open "+h.Tenant))
	_, err = h.Store.Append(ctx, domain.ConfigStream(h.Tenant), eventstore.NoStream, envelop(domain.Metadata{
		Tenant: h.Tenant, RecordedAt: now, ActorID: systemActor, ActorRole: systemActor, WayIn: domain.ViaProcess,
		CommandID: id, CorrelationID: id, CausationID: id, Bootstrap: true,
	}, nil, events))
	return err
}

func (h *Handler) openingEvents(o Opening, now time.Time) ([]domain.Event, error) {
	v := h.Store.Vault()
	events := []domain.Event{domain.LogOpened{VaultID: v.ID(), KEKFingerprint: domain.Term(v.KEKFingerprint())}}
	if o.SimulatedBy != "" {
		events = append(events, domain.TimeSimulated{By: o.SimulatedBy, From: now})
	}
	settings := domain.DefaultSettings()
	if o.Settings != nil {
		settings = *o.Settings
	}
	adopted, err := domain.NewSettingsAdopted(settings, "", domain.Plain("the defaults, until the council decides"))
	if err != nil {
		return nil, err
	}
	events = append(events, adopted)
	adopt := o.Procedures
	if adopt == nil {
		if adopt, err = ShippedProcedures(); err != nil {
			return nil, err
		}
	}
	for _, p := range adopt {
		events = append(events, adoption(p))
	}
	calendar, version := o.Calendar, o.CalendarVersion
	if calendar == "" {
		calendar, version = domain.Content(domain.ShippedHolidays()), domain.Label(domain.ShippedCalendar().Version())
	}
	parsed, err := domain.ParseCalendar(string(version), []byte(calendar))
	if err != nil {
		return nil, fmt.Errorf("calendar %s: %w", version, err)
	}
	return append(events, domain.CalendarAdopted{Version: version, Content: calendar, ContentHash: domain.Term(parsed.Hash())}), nil
}

// ShippedProcedures returns the procedures that come with Redress and take cases, in the order of their files.
func ShippedProcedures() ([]*procedure.Procedure, error) {
	entries, err := procedures.Files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var shipped []*procedure.Procedure
	for _, entry := range entries {
		text, err := procedures.Files.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		p, err := procedure.Parse(entry.Name(), text)
		if err != nil {
			return nil, err
		}
		if p.TakesCases() {
			shipped = append(shipped, p)
		}
	}
	return shipped, nil
}

// adoption makes the event for a procedure as its own file says that it was adopted.
func adoption(p *procedure.Procedure) domain.ProcedureAdopted {
	approver := domain.Term(p.Adoption.ApprovedBy)
	if !approver.Valid() {
		approver = ""
	}
	return domain.NewProcedureAdopted(p, domain.ChangeClass(p.Adoption.ChangeClass), approver, domain.Plain(p.Adoption.Source))
}
