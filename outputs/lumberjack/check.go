package lumberjack

import (
	"context"
	"time"

	"github.com/renthub/sluice/internal/reach"
	"github.com/renthub/sluice/outputs"
)

// Check implements outputs.Checker. The protocol has no question to ask, and
// the server says nothing of its own: that it takes connections, and TLS, is
// all that can be known.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	found, _ := reach.Group{Config: o.config.Config, Schemes: o.config.schemes(), Port: defaultPort}.Try(ctx, time.Now())
	return found
}
