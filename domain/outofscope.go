package domain

import "slices"

// OutOfScope is a reason for which a complaints procedure does not deal with a matter.
type OutOfScope struct {
	Code   Term
	Reason string // one line for a person
	Target string // where the matter goes; none = it is explained only
	// Outside is set where the target is outside the council, and personal data may go there with consent only.
	Outside bool
	// Conduct is set where the monitoring officer may redirect: the conduct of senior officers and councillors.
	Conduct bool
	// NotUnder is the ombudsman under whose code the reason is not allowed; empty = it is allowed everywhere.
	NotUnder OmbudsmanBody
	// Refused is the decision that must have been a refusal before; empty = the reason stands by itself.
	Refused DecisionKind
	Source  string // paragraph and line of the policy, or the law
}

// OutOfScopeReasons is the closed list. A redirection names one of them.
var OutOfScopeReasons = []OutOfScope{
	{Code: "OOS-01", Reason: "conduct of a senior officer", Target: "Chief Executive", Conduct: true, Source: "S3 s2.2 L77"},
	{Code: "OOS-02", Reason: "conduct of the Chief Executive", Target: "Monitoring Officer", Conduct: true, Source: "S3 s2.2 L78"},
	{Code: "OOS-03", Reason: "conduct of a councillor", Target: "Monitoring Officer", Conduct: true, Source: "S3 s2.2 L79"},
	{Code: "OOS-10", Reason: "other decision with a right of appeal", Target: "the appeal body", Source: "S3 s2.3 L83"},
	{Code: "OOS-11", Reason: "school travel assistance decision", Target: "travel appeal", Source: "S3 s2.3 L84"},
	{Code: "OOS-12", Reason: "planning application decision", Target: "planning appeal", Source: "S3 s2.3 L85"},
	{Code: "OOS-13", Reason: "school admission decision", Target: "admission appeal", Source: "S3 s2.3 L86"},
	{Code: "OOS-14", Reason: "school exclusion decision", Target: "exclusion review", Source: "S3 s2.3 L86"},
	{Code: "OOS-15", Reason: "housing benefit decision", Target: "benefit appeal", Source: "S3 s2.3 L87"},
	{Code: "OOS-16", Reason: "homelessness review, Housing Act 1996 s202", Target: "housing review", Source: "S3 s2.3 L88"},
	{Code: "OOS-17", Reason: "application review, Housing Act 1996 part 6", Target: "housing review", Source: "S3 s2.3 L89"},
	{Code: "OOS-20", Reason: "parking fine or penalty charge notice", Target: "parking representations", Source: "S3 s2.3 L90"},
	{Code: "OOS-21", Reason: "fixed penalty charge", Target: "issuing service", Source: "S3 s2.3 L91"},
	{Code: "OOS-22", Reason: "recharge fee for repairs", Target: "housing repairs", Source: "S3 s2.3 L92"},
	{Code: "OOS-23", Reason: "planning consultation response", Target: "planning service", Source: "S3 s2.3 L93"},
	{Code: "OOS-24", Reason: "dissatisfaction given in a survey", Target: "survey owner", Source: "S3 s2.3 L94"},
	{Code: "OOS-25", Reason: "before a court or tribunal", Target: "none", Source: "S3 s2.3 L95"},
	{Code: "OOS-26", Reason: "subject to legal action", Target: "legal services", Source: "S3 s2.3 L96"},
	{Code: "OOS-27", Reason: "insurance claim, also one that failed", Target: "insurance team", Source: "S3 s2.3 L97, L599"},
	{Code: "OOS-28", Reason: "not about the council or anyone acting for it", Target: "named organisation if known", Outside: true, Source: "S3 s2.3 L98"},
	{Code: "OOS-29", Reason: "political comment", Target: "none", Source: "S3 s2.3 L99"},
	{Code: "OOS-30", Reason: "matter raised by a member of Parliament", Target: "direct reply", Source: "S3 s2.3 L100"},
	{Code: "OOS-31", Reason: "matter raised by a councillor", Target: "direct reply", Source: "S3 s2.3 L101"},
	{Code: "OOS-32", Reason: "employee matter under internal policy", Target: "HR", Source: "S3 s2.3 L102"},
	{Code: "OOS-33", Reason: "disciplinary or grievance procedure", Target: "HR", Source: "S3 s2.3 L103"},
	{Code: "OOS-34", Reason: "recruitment complaint", Target: "HR", Source: "S3 s2.3 L104"},
	{
		Code: "OOS-35", Reason: "more than 12 months old and discretion refused", Target: "Ombudsman", Refused: DecisionTimeLimit,
		Source: "S3 s2.3 L105",
	},
	{Code: "OOS-36", Reason: "already concluded under the policy", Target: "Ombudsman", Source: "S3 s2.3 L106"},
	{Code: "OOS-37", Reason: "an Ombudsman has found no fault", Target: "none", Source: "S3 s2.3 L107"},
	{Code: "OOS-40", Reason: "complaint about a school", Target: "head teacher or chair of governors", Source: "S3 L767-L769"},
	{Code: "OOS-41", Reason: "school admissions, in the children's procedure", Target: "admission appeal", Source: "S3 L771-L773"},
	{Code: "OOS-42", Reason: "school exclusion, in the children's procedure", Target: "attendance and behaviour", Source: "S3 L775-L777"},
	{Code: "OOS-43", Reason: "special educational provision", Target: "SEND service", Source: "S3 L779"},
	{Code: "OOS-44", Reason: "religious education, collective worship", Target: "school", Source: "S3 L781"},
	{Code: "OOS-45", Reason: "national curriculum", Target: "school", Source: "S3 L783"},
	{Code: "OOS-46", Reason: "other council service, not children's social care", Target: "corporate procedure", Source: "S3 L785-L787"},
	{
		Code: "OOS-47", Reason: "employee or service of a contractor, first approach", Target: "the contractor", Outside: true,
		NotUnder: "HOS", Source: "S3 L789-L795",
	},
	{Code: "OOS-48", Reason: "court proceedings", Target: "none", Source: "S3 L801"},
	{Code: "OOS-49", Reason: "criminal proceedings", Target: "police", Source: "S3 L802"},
	{Code: "OOS-50", Reason: "disciplinary proceedings", Target: "HR", Source: "S3 L803"},
	{Code: "OOS-51", Reason: "grievance proceedings", Target: "HR", Source: "S3 L804"},
	{Code: "OOS-52", Reason: "tribunal", Target: "tribunal", Source: "S3 L805"},
	{Code: "OOS-53", Reason: "professional's concern about case management", Target: "NSCP conflict resolution protocol", Source: "S3 L397"},
	{Code: "OOS-54", Reason: "decision of a child protection conference, not its process", Target: "none", Source: "S3 L659"},
	{Code: "OOS-55", Reason: "solely a section 47 investigation", Target: "corporate procedure", Source: "S3 L661"},
	{Code: "OOS-56", Reason: "not a qualifying complainant, or an unsuitable representative", Target: "corporate procedure", Source: "S3 L391, L407, L874"},
	{Code: "OOS-58", Reason: "decision already made by another organisation", Target: "that organisation", Outside: true, Source: "S3 L587"},
	{Code: "OOS-60", Reason: "better treated as an appeal: care plan, placement, service change", Target: "ASC appeal", Source: "S3 L854"},
	{Code: "OOS-61", Reason: "adult social care: made by another responsible body", Target: "none", Outside: true, Source: "SI 2009/309 reg 8(1)(a)"},
	{Code: "OOS-62", Reason: "adult social care: employee about employment", Target: "HR", Source: "SI 2009/309 reg 8(1)(b)"},
	{Code: "OOS-63", Reason: "oral and resolved by the next working day", Target: "none", Source: "SI 2009/309 reg 8(1)(c)"},
	{Code: "OOS-64", Reason: "same subject as one so resolved", Target: "none", Source: "SI 2009/309 reg 8(1)(d)"},
	{Code: "OOS-65", Reason: "same subject already investigated", Target: "Ombudsman", Source: "SI 2009/309 reg 8(1)(e)"},
	{Code: "OOS-66", Reason: "being or been investigated by an Ombudsman", Target: "that Ombudsman", Source: "SI 2009/309 reg 8(1)(f)"},
	{Code: "OOS-67", Reason: "failure to answer an information request", Target: "FOI/EIR review", Source: "SI 2009/309 reg 8(1)(g)"},
	{Code: "OOS-68", Reason: "superannuation scheme", Target: "pensions", Source: "SI 2009/309 reg 8(1)(h)"},
}

// outOfScope returns the reason of a code, or nil.
func outOfScope(code Term) *OutOfScope {
	i := slices.IndexFunc(OutOfScopeReasons, func(o OutOfScope) bool { return o.Code == code })
	if i < 0 {
		return nil
	}
	return &OutOfScopeReasons[i]
}

// allowed reports whether the reason may be given in a procedure of those ombudsmen.
func (o *OutOfScope) allowed(ombudsmen []string) bool {
	return o.NotUnder == "" || !slices.Contains(ombudsmen, string(o.NotUnder))
}
