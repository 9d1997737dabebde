package pipeline

import (
	"context"
	"errors"

	"github.com/renthub/sluice/outputs"
)

// Quarantine is the name of the output that takes what lacks a field that its
// route requires. No output of a config can have it: theirs have a dot.
const Quarantine = "quarantine"

// quarantine is the output of that name: documents become dead letters of the
// route that took them.
type quarantine struct {
	dead   *DeadLetters
	routes *Routes
}

// quarantinePlan is started again whenever the routes change: it must know the
// reason for each document.
func quarantinePlan(dead *DeadLetters, routes *Routes) OutputPlan {
	return OutputPlan{
		Address: Quarantine, Hash: routes.hash,
		Open: func(outputs.Deps) (outputs.Output, error) { return &quarantine{dead, routes}, nil },
	}
}

func (q *quarantine) Limits() outputs.Limits {
	return outputs.Limits{Bytes: 1 << 20, Docs: 1000, InFlight: 1}
}

// Send puts all documents into the dead letters.
func (q *quarantine) Send(ctx context.Context, r *outputs.Request) error {
	if q.dead == nil {
		return &outputs.Misconfigured{Err: errors.New("routes require fields, and dead letters are off")}
	}
	letters := make([]DeadLetter, 0, len(r.Docs))
	for i := range r.Docs {
		d := &r.Docs[i]
		route, field := q.routes.refused(d)
		letters = append(letters, DeadLetter{Output: route, Reason: "field " + field + " is missing, which the route requires", ID: d.ID, Document: d.JSON})
	}
	return q.dead.Put(ctx, letters...)
}

func (q *quarantine) Close() error { return nil }
