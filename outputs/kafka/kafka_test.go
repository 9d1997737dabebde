package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestContract(t *testing.T) {
	outputtest.Run(t, func(t *testing.T, d outputs.Deps) outputtest.Target {
		f := newFake(t)
		return outputtest.Target{
			Output: f.open(d, oneTopic),
			Stored: f.stored,
			Faults: map[outputtest.Fault]func(){
				outputtest.RefusesSecond: func() { f.refuseRecords(1) },
				outputtest.Throttles:     func() { f.answerWith(kerr.ThrottlingQuotaExceeded, 1) },
				outputtest.Unavailable:   func() { f.answerWith(kerr.NotEnoughReplicas, 1) },
				outputtest.Cuts:          func() { f.cut(2) }, // the second meets the new connection
				outputtest.Garbage:       func() { f.garbage.Store(2) },
				outputtest.Half:          func() { f.half.Store(2) },
				outputtest.TooLarge:      func() { f.answerWith(kerr.MessageTooLarge, 1) },
				outputtest.Unauthorized:  func() { f.answerWith(kerr.ClusterAuthorizationFailed, 1) },
				outputtest.Hangs:         f.hang,
			},
		}
	})
}
