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
	bad := outputs.CheckFailed
	if len(o.hosts.list) > 1 {
		bad = outputs.CheckWarned
	}
	var all []outputs.Finding
	reached := 0
	for _, e := range o.hosts.list {
		s := reach.Server{Host: e.host, Port: e.port, Bad: bad}
		if e.tls {
			s.TLS = o.hosts.tls
		}
		found, ok := s.Try(ctx, time.Now())
		all = append(all, found...)
		if ok {
			reached++
		}
	}
	if reached == 0 && bad != outputs.CheckFailed {
		all = append(all, outputs.Finding{
			Step: "connect", Status: outputs.CheckFailed, Detail: "none of the endpoints can be used",
			Hint: "is the beats input of Logstash configured and running?",
		})
	}
	return all
}
