package commands

import (
	"reflect"

	"github.com/google/uuid"

	"redress/domain"
)

// All lists every command that can be sent, in the order of the specification's catalogue. A command is a line here, and
// a decision in the domain; routes, API description and help are made from the list.
var All = []Command{
	define("ReceiveFeedback", NewCase, domain.ActionSubmit, domain.DecideReceiveFeedback, "open a case about something that reached the council"),
	define("AcknowledgeCase", OneCase, domain.ActionProgress, domain.DecideAcknowledgeCase, "record that the receipt was acknowledged"),
	define("AllocateCase", OneCase, domain.ActionProgress, domain.DecideAllocateCase, "give a stage of a case to an officer"),
	define("RecordFinding", OneCase, domain.ActionFind, domain.DecideRecordFinding, "record what was found on an issue"),
	define("SendResponse", OneCase, domain.ActionRespond, domain.DecideSendResponse, "record the answer at a stage"),
	define("EscalateCase", OneCase, domain.ActionMove, domain.DecideEscalateCase, "take a case to its next stage"),
	define("RequestInformation", OneCase, domain.ActionRecord, domain.DecideRequestInformation, "record a question on which the work waits"),
	define("RecordInformation", OneCase, domain.ActionInform, domain.DecideRecordInformation, "record an answer, or other information"),
	define("AgreeIssues", OneCase, domain.ActionRecord, domain.DecideAgreeIssues, "record the issues as agreed with the complainant"),
	define("JoinMatters", OneCase, domain.ActionRecord, domain.DecideJoinMatters, "decide what becomes of further matters"),
	define("ExtendDeadline", OneCase, domain.ActionExtend, domain.DecideExtendDeadline, "move a due date, with notice and reason"),
	define("AcceptOutcome", OneCase, domain.ActionMove, domain.DecideAcceptOutcome, "record that the answer was accepted"),
	define("SuspendCase", OneCase, domain.ActionSuspend, domain.DecideSuspendCase, "let a case, or some issues, rest"),
	define("ResumeCase", OneCase, domain.ActionSuspend, domain.DecideResumeCase, "go on with what is suspended"),
	define("ResolveEarly", OneCase, domain.ActionRecord, domain.DecideResolveEarly, "record that an informal stage put the matter right"),
	define("RefuseEscalation", OneCase, domain.ActionSuspend, domain.DecideRefuseEscalation, "refuse a next stage, with reasons"),
	define("AppointInvestigators", OneCase, domain.ActionAppoint, domain.DecideAppointInvestigators, "appoint who investigates and who watches over it"),
	define("SubmitReport", OneCase, domain.ActionFind, domain.DecideSubmitReport, "record a report on the investigation"),
	define("ConvenePanel", OneCase, domain.ActionConclude, domain.DecideConvenePanel, "convene a review panel"),
	define("RecordPanel", OneCase, domain.ActionConclude, domain.DecideRecordPanel, "record that the panel met"),
	define("SubmitPanelReport", OneCase, domain.ActionConclude, domain.DecideSubmitPanelReport, "record the panel's report"),
	define("AgreeEarlyReferral", OneCase, domain.ActionConclude, domain.DecideAgreeEarlyReferral, "record whether a case goes early to the Ombudsman"),
	define("ProposeRemedy", OneCase, domain.ActionProposeRemedy, domain.DecideProposeRemedy, "propose a remedy"),
	define("ApproveRemedy", OneCase, domain.ActionApproveRemedy, domain.DecideApproveRemedy, "approve a proposed remedy"),
	define("RefuseRemedy", OneCase, domain.ActionApproveRemedy, domain.DecideRefuseRemedy, "refuse a proposed remedy"),
	define("OfferRemedy", OneCase, domain.ActionOfferRemedy, domain.DecideOfferRemedy, "offer a remedy to the complainant"),
	define("AnswerRemedy", OneCase, domain.ActionMove, domain.DecideAnswerRemedy, "record the answer to an offered remedy"),
	define("DeliverRemedy", OneCase, domain.ActionDeliverRemedy, domain.DecideDeliverRemedy, "record that a remedy was delivered"),
	define("MarkRemedyUndeliverable", OneCase, domain.ActionOfferRemedy, domain.DecideMarkRemedyUndeliverable, "record that a remedy cannot be delivered"),
	define("ReferToOmbudsman", OneCase, domain.ActionMove, domain.DecideReferToOmbudsman, "record that a case went to an ombudsman"),
	define("RecordOmbudsmanDecision", OneCase, domain.ActionConclude, domain.DecideRecordOmbudsmanDecision, "record what an ombudsman decided"),
	define("ClassifyCase", OneCase, domain.ActionClassify, domain.DecideClassifyCase, "put a wrong kind, procedure, service or category right"),
	define("RedirectCase", OneCase, domain.ActionDecideStanding, domain.DecideRedirectCase, "send a matter, or some issues, to whom they are for"),
	define("LinkCases", OneCase, domain.ActionProgress, domain.DecideLinkCases, "say how a case belongs to another"),
	define("AddParty", OneCase, domain.ActionRecord, domain.DecideAddParty, "bring somebody into a case"),
	define("RemoveParty", OneCase, domain.ActionRecord, domain.DecideRemoveParty, "take somebody out of a case"),
	define("RequestConsent", OneCase, domain.ActionProgress, domain.DecideRequestConsent, "ask somebody for consent"),
	define("RecordConsent", OneCase, domain.ActionProgress, domain.DecideRecordConsent, "record that consent was given, refused or withdrawn"),
	define("RecordDecision", OneCase, domain.ActionDecideStanding, domain.DecideRecordDecision, "record a decision on time limit, eligibility or what comes first"),
	define("ReferSafeguarding", OneCase, domain.ActionRecord, domain.DecideReferSafeguarding, "record that a risk was passed on to safeguarding"),
	define("RecordContact", OneCase, domain.ActionRecord, domain.DecideRecordContact, "record a conversation or a message"),
	define("ChangeFlag", OneCase, domain.ActionRecord, domain.DecideChangeFlag, "set a restricted mark, or take it away"),
	define("AttachDocument", OneCase, domain.ActionRecord, domain.DecideAttachDocument, "record a document of the case by its digest"),
	define("WithdrawCase", OneCase, domain.ActionMove, domain.DecideWithdrawCase, "record that the complaint was withdrawn"),
	define("CloseCase", OneCase, domain.ActionConclude, domain.DecideCloseCase, "close a case"),
	define("CorrectRecord", OneCase, domain.ActionConclude, domain.DecideCorrectRecord, "put right what an earlier event says, with approval"),
	define("ReopenCase", OneCase, domain.ActionConclude, domain.DecideReopenCase, "take up a closed case again"),
	define("RecordCause", OneCase, domain.ActionRecord, domain.DecideRecordCause, "record why something went wrong on an issue"),
	about(func(e domain.LearningActionRaised) uuid.UUID { return e.ActionID },
		define("RaiseAction", OneAction, domain.ActionRaiseLearning, domain.DecideRaiseAction, "raise a learning action")),
	about(func(e domain.LearningActionUpdated) uuid.UUID { return e.ActionID },
		define("UpdateAction", OneAction, domain.ActionRaiseLearning, domain.DecideUpdateAction, "record how a learning action gets on")),
	about(func(e domain.LearningActionClosed) uuid.UUID { return e.ActionID },
		define("CloseAction", OneAction, domain.ActionVerifyLearning, domain.DecideCloseAction, "verify and close a learning action")),
	define("SendSurvey", OneCase, domain.ActionProgress, domain.DecideSendSurvey, "record that a survey was sent after closing"),
	define("AnswerSurvey", OneSurvey, domain.ActionMove, domain.DecideAnswerSurvey, "record the answers to a case's survey"),
	define("IssueFeeNotice", OneCase, domain.ActionFee, domain.DecideIssueFeeNotice, "ask for a fee before the work goes on"),
	define("RecordFeePayment", OneCase, domain.ActionFee, domain.DecideRecordFeePayment, "record that the fee came in"),
	about(func(e domain.PersonRecorded) uuid.UUID { return e.PersonID },
		define("RecordPerson", OnePerson, domain.ActionRecordPerson, domain.DecideRecordPerson, "record a person, before a case names them")),
	about(func(e domain.PersonAmended) uuid.UUID { return e.PersonID },
		define("AmendPerson", OnePerson, domain.ActionRecordPerson, domain.DecideAmendPerson, "put right what is recorded of a person")),
	about(func(e domain.AdjustmentAgreed) uuid.UUID { return e.PersonID },
		define("AgreeAdjustment", OnePerson, domain.ActionRecordPerson, domain.DecideAgreeAdjustment, "agree or decline a reasonable adjustment for a person")),
	about(func(e domain.ContactRestricted) uuid.UUID { return e.PersonID },
		define("RestrictContact", OnePerson, domain.ActionRestrictContact, domain.DecideRestrictContact, "manage contact with a person after unacceptable behaviour")),
	about(func(e domain.ContactRestrictionReviewed) uuid.UUID { return e.PersonID },
		define("ReviewRestriction", OnePerson, domain.ActionRestrictContact, domain.DecideReviewRestriction, "look again at a restriction of contact")),
	about(func(e domain.PersonalDataErased) uuid.UUID { return e.Subject },
		define(erasure, OnePerson, domain.ActionErase, domain.DecideErasePersonalData, "destroy the keys of a person's data")),
	define("GrantRole", TheConfig, domain.ActionGrant, domain.DecideGrantRole, "grant roles to a person"),
	define("RevokeRole", TheConfig, domain.ActionGrant, domain.DecideRevokeRole, "revoke roles of a person"),
	define("AdoptProcedure", TheConfig, domain.ActionAdopt, domain.DecideAdoptProcedure, "bring a version of a procedure into use"),
	define("AdoptCalendar", TheConfig, domain.ActionAdopt, domain.DecideAdoptCalendar, "bring a calendar into use"),
	define("AdoptLimits", TheConfig, domain.ActionAdopt, domain.DecideAdoptLimits, "decide who may approve how much, and what is usual"),
	define("AdoptCodeList", TheConfig, domain.ActionAdopt, domain.DecideAdoptCodeList, "decide the council's codes of one sort"),
	define("AdoptSettings", TheConfig, domain.ActionAdopt, domain.DecideAdoptSettings, "decide the council's settings, whole"),
	define("ReconcileImport", TheConfig, domain.ActionImport, domain.DecideReconcileImport, "sign an import off, after which its cases are looked after"),
	define("RecordEqualityAnswers", OneQuarter, domain.ActionRecordEquality, domain.DecideRecordEqualityAnswers, "bring a quarter's answers on equality into the log, without who or when"),
}

// erasure is the command after which keys are destroyed.
const erasure = "ErasePersonalData"

// Addressee is what a command addresses: the stream that it may append to.
type Addressee int

// What commands address.
const (
	OneCase    Addressee = iota // the case named by `case`
	NewCase                     // a case that the command opens
	OnePerson                   // the person named in its body
	OneAction                   // the learning action named in its body
	OneSurvey                   // the survey of the case named by `case`
	TheConfig                   // the council's config
	OneQuarter                  // the quarter's answers on equality named in its body
)

// Command is a kind of command: its name, what it addresses, the right that it needs, and the decision that answers it.
type Command struct {
	Name      string
	Doc       string // what it does, for people
	Body      any    // the zero value of the type of its body
	Addresses Addressee
	Action    domain.Action

	subject func(body any) uuid.UUID // of the person or learning action addressed
	decide  func(ctx domain.Context, body any) ([]domain.Event, error)
}

// define makes the entry of a command whose decision takes a body of type B.
func define[B any](name string, addresses Addressee, action domain.Action, decide func(domain.Context, B) ([]domain.Event, error), doc string) Command {
	var zero B
	return Command{
		Name: name, Doc: doc, Body: zero, Addresses: addresses, Action: action,
		decide: func(ctx domain.Context, body any) ([]domain.Event, error) { return decide(ctx, body.(B)) },
	}
}

// about says which person or learning action a command with a body of type B addresses.
func about[B any](subject func(B) uuid.UUID, c Command) Command {
	c.subject = func(body any) uuid.UUID { return subject(body.(B)) }
	return c
}

// find returns the named command.
func find(name string) (Command, error) {
	for _, c := range All {
		if c.Name == name {
			return c, nil
		}
	}
	return Command{}, domain.Reject(domain.UnknownCommand, "there is no such command")
}

func (c Command) bodyType() reflect.Type { return reflect.TypeOf(c.Body) }
