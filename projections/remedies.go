package projections

import (
	_ "embed"
	"time"

	"redress/domain"
)

//go:embed remedies.sql
var remediesSQL string

// remedies has one row for each remedy of a case.
var remedies = &Model{
	Name: "remedies", Version: 1, SQL: remediesSQL, Columns: columns(remediesSQL),
	Key:  []string{"case_id", "remedy_id"},
	Rows: remedyRows,
}

func remedyRows(v View) ([]Row, error) {
	c := v.Case
	rows := make([]Row, 0, len(c.Remedies))
	for i := range c.Remedies {
		r := &c.Remedies[i]
		rows = append(rows, Row{
			v.Tenant, c.ID, int64(c.Revision), string(r.ID), textOrNull(r.Stage), string(r.Type), string(r.Origin), string(r.State),
			int64(r.Amount), int64(r.Paid), instant(r.FirstOffer), dayOf(r.FirstOffer),
			instant(acceptedAt(r)), dayOf(acceptedAt(r)), day(r.DeliverBy), day(r.DeliveredOn),
			string(c.Service), string(c.Category), ward(c), string(c.Channel), string(c.Kind), c.Procedure(),
			counted(c), c.Imported != nil,
		})
	}
	return rows, nil
}

// acceptedAt returns when the complainant took the remedy, zero when that is not so.
func acceptedAt(r *domain.Remedy) (at time.Time) {
	if r.State == domain.RemedyIsAccepted || r.State == domain.RemedyIsDelivered {
		return r.AnsweredAt
	}
	return at
}
