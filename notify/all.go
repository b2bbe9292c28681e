package notify

// All is every notifier there is. One that is not configured is silent.
var All = []Notifier{
	email,
	webhook,
}
