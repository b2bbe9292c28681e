package notify

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what went out since the process began. Its labels are names of notifiers.
type Metrics struct {
	published prometheus.Counter
	sent      *prometheus.CounterVec
	failed    *prometheus.CounterVec
	held      *prometheus.CounterVec
}

// NewMetrics makes counters at zero. One set serves the fan-out and the dispatcher of a process.
func NewMetrics() *Metrics {
	by := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "redress", Subsystem: "notify", Name: name, Help: help}, []string{"notifier"})
	}
	return &Metrics{
		published: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "redress", Subsystem: "notify", Name: "published_total", Help: "Events that the broker has acknowledged.",
		}),
		sent:   by("sent_total", "Deliveries that the receiver has taken."),
		failed: by("failed_total", "Deliveries given up after the last attempt."),
		held:   by("held_total", "Deliveries that wait for a person's word."),
	}
}

// Collectors returns the counters, to be registered where /metrics is served.
func (m *Metrics) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.published, m.sent, m.failed, m.held}
}
