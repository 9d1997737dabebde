package lumberjack

import (
	"context"
	"time"

	"github.com/renthub/sluice/outputs"
)

// Check implements outputs.Checker. The protocol has no question to ask, and
// the server says nothing of its own: that it takes connections, and TLS, is
// all that can be known.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	found, _ := o.group.Reach(ctx, time.Now())
	return found
}
