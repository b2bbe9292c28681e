package web

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"

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
	query, err := oneOfEach(r, "from", "to", "as_at", "format", "wait")
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
		return writeCSV(w, report)
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

// writeCSV writes one line for each figure: the whole first, where by and key are empty.
func writeCSV(w http.ResponseWriter, report *queries.Performance) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="performance.csv"`)
	out := csv.NewWriter(w)
	line := func(m queries.Result, by, key string, f queries.Figure) {
		_ = out.Write([]string{ // an error shows at Flush
			m.ID, m.Title, m.Unit, by, cell(key), number(f.Value), digits(f.Numerator), digits(f.Denominator), report.AsAt.String(),
		})
	}
	_ = out.Write([]string{"id", "title", "unit", "by", "key", "value", "numerator", "denominator", "as_at"})
	for _, m := range report.Measures {
		line(m, "", "", m.Figure)
		for _, c := range m.Cuts {
			line(m, c.By, c.Key, c.Figure)
		}
	}
	out.Flush()
	return nil // the client may have gone
}

// cell keeps a spreadsheet from taking a text for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
