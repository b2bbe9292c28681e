package web

import (
	"bytes"
	"net/http"
	"slices"

	"redress/domain"
	"redress/queries"
)

// performance answers with the performance report (architecture § 4).
func (s *Server) performance(w http.ResponseWriter, r *http.Request) error {
	within, err := s.reachOf(r, domain.ActionReport)
	if err != nil {
		return err
	}
	if !within.All && within.Services == nil {
		return domain.Reject(domain.NotPermitted, "none of the actor's roles may do this")
	}
	single := []string{"from", "to", "as_at", "format", "wait"}
	if err := noOthers(r, append(single, "by")...); err != nil {
		return err
	}
	query, err := oneOfEach(r, single...)
	if err != nil {
		return err
	}
	if err := s.await(r, query["wait"]); err != nil {
		return err
	}
	asked := queries.Parameters{AsAt: query["as_at"], By: slices.Concat(splitLists(r.URL.Query()["by"])...)}
	if asked.From, err = dateOf("from", query["from"]); err != nil {
		return err
	}
	if asked.To, err = dateOf("to", query["to"]); err != nil {
		return err
	}
	if !within.All {
		asked.By = []string{"service"}
	}
	report, err := s.Queries.Performance(r.Context(), asked)
	if err != nil {
		return asRejection(err)
	}
	if !within.All {
		only(report, within.Services)
	}
	switch query["format"] {
	case "", "json":
		return answer(w, http.StatusOK, report)
	case "csv":
		var body bytes.Buffer
		if err := report.WriteCSV(&body); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="performance.csv"`)
		_, _ = body.WriteTo(w) // the client may have gone
		return nil
	}
	return domain.BadValue("format", "json or csv")
}

// only takes out of a report everything but the figures of the given services.
func only(report *queries.Performance, services []domain.Term) {
	for i := range report.Measures {
		m := &report.Measures[i]
		m.Figure = queries.Figure{}
		m.Cuts = slices.DeleteFunc(m.Cuts, func(c queries.Cut) bool { return !slices.Contains(services, domain.Term(c.Key)) })
	}
	report.Notes = append(report.Notes, "only the services within the reader's right are shown")
}
