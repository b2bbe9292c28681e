package demo

import (
	"time"

	"github.com/google/uuid"
)

// service is one service of the invented council.
type service struct {
	name       string
	weight     float64 // its share of complaints
	categories []string
	complaints []string // what people say
}

var services = []service{
	{"housing", 26, []string{"repairs", "allocations", "damp and mould", "neighbours"}, []string{
		"The boiler has been out of order since last week and nobody has come.",
		"There is black mould in both bedrooms and the children cough.",
		"The repair was booked three times and each time nobody turned up.",
	}},
	{"waste", 24, []string{"missed collection", "bins", "fly tipping", "recycling centre"}, []string{
		"The brown bin has been missed four times since the spring.",
		"The crew left rubbish all over the road.",
		"The assisted collection was not done again.",
	}},
	{"highways", 14, []string{"potholes", "street lighting", "parking", "pavements"}, []string{
		"The pothole was reported in the winter and is still there.",
		"The street light outside the house has been dark for two months.",
	}},
	{"planning", 9, []string{"enforcement", "application", "building control"}, []string{
		"Nobody answered the letters about the extension next door.",
		"The plans on the website were not the ones that were decided.",
	}},
	{"revenues", 13, []string{"council tax", "benefits", "recovery"}, []string{
		"A summons came although the bill had been paid.",
		"The discount was taken away without a word.",
	}},
	{"adult care", 6, []string{"assessment", "charges", "home care"}, []string{
		"The care visits were cut and nobody explained why.",
		"The invoice is for days when nobody came.",
	}},
	{"parks", 4, []string{"trees", "play areas", "grounds"}, []string{
		"The swing has been broken since Easter.",
	}},
	{"customer services", 4, []string{"phone", "website", "staff"}, []string{
		"It took an hour to get through and then the line went dead.",
	}},
}

var wards = []string{
	"Abbey", "Bridge Street", "Castle", "Elmfield", "Hollow Brook", "Kingsmead", "Millside", "Northgate", "Priory", "Queensway",
	"Riverside", "St Johns", "Uplands", "Westfield",
}

// staff are the invented officers, by what they do.
type staff struct {
	handlers   []uuid.UUID
	managers   map[string][]officer // of each service, the second one grade above the first
	complaints uuid.UUID            // the complaints manager
	finance    uuid.UUID
}

// officer is somebody who can hold a stage.
type officer struct {
	id    uuid.UUID
	grade int
}

// MonitoringOfficer is the invented officer whose approval every further role needs.
func MonitoringOfficer() uuid.UUID { return id("monitoring officer") }

// council records the staff and grants their roles in the first minutes of the year.
func (g *generator) council() {
	at := g.from.Midnight().Add(6 * time.Hour)
	next := func() time.Time { at = at.Add(time.Second); return at }
	monitoring := MonitoringOfficer()
	grant := func(name string, roles []string, service string, grade int) uuid.UUID {
		person := id("%s", name)
		g.do(next(), uuid.Nil, "RecordPerson", "", map[string]any{
			"person_id": person, "name": name,
		})
		body := map[string]any{"actor_id": person, "roles": roles, "service": service, "grade": grade, "from": at}
		if person != monitoring {
			body["approver"] = monitoring
		}
		g.do(next(), uuid.Nil, "GrantRole", "", body)
		return person
	}
	grant("monitoring officer", []string{"monitoring_officer"}, "legal", 12)
	g.staff.complaints = grant("complaints manager", []string{"complaints_manager"}, "corporate", 9)
	g.staff.finance = grant("finance approver", []string{"finance_approver"}, "finance", 9)
	grant("director of place", []string{"director"}, "corporate", 11)
	grant("audit officer", []string{"audit_officer"}, "audit", 8)
	grant("internal auditor", []string{"internal_audit"}, "audit", 8)
	grant("reporting officer", []string{"reporting"}, "corporate", 6)
	grant("data protection officer", []string{"data_protection_officer"}, "legal", 9)
	for _, name := range []string{"handler one", "handler two", "handler three", "handler four"} {
		g.staff.handlers = append(g.staff.handlers, grant(name, []string{"case_handler"}, "corporate", 5))
	}
	g.staff.managers = map[string][]officer{}
	for _, s := range services {
		for i, name := range []string{"first manager of ", "second manager of ", "head of "} {
			grade := 7 + i
			g.staff.managers[s.name] = append(g.staff.managers[s.name], officer{grant(name+s.name, []string{"service_manager"}, s.name, grade), grade})
		}
	}
	g.do(next(), uuid.Nil, "AdoptSettings", "", map[string]any{
		"settings": map[string]any{
			"remedy_limits": []any{map[string]any{
				"id": "L1", "role": "complaints_manager", "remedy_types": []any{"time_and_trouble", "distress", "quantifiable_loss", "fee_or_charge_waived"},
				"max_per_remedy": 50000, "max_per_case": 100000, "needs_second_approver": false,
			}},
			"senior_grade": 7,
		},
		"approver": "Executive", "reference": "invented for the demonstration",
	})
}
