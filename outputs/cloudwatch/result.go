package cloudwatch

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

var errRejected = errors.New("the answer names events that were not sent")

// settle marks the documents of a call that was answered. Of events in the
// order of time, those before tooOld and before expired were not stored, nor
// those from tooNew on.
func (o *Output) settle(b *batch, items []item, info *types.RejectedLogEventsInfo) error {
	tooOld, expired, tooNew := 0, 0, len(items)
	if info != nil {
		for from, to := range map[*int32]*int{info.TooOldLogEventEndIndex: &tooOld, info.ExpiredLogEventEndIndex: &expired, info.TooNewLogEventStartIndex: &tooNew} {
			if from == nil {
				continue
			}
			if *from < 0 || int(*from) > len(items) {
				o.metrics.possibleRepeats.Add(float64(documents(items)))
				return fmt.Errorf("read rejected events: %w", errRejected)
			}
			*to = int(*from)
		}
	}
	for i := range items {
		doc := int(items[i].doc)
		switch {
		case i < tooOld:
			b.refuse(doc, "too old, the service says: more than 14 days")
		case i < expired:
			b.refuse(doc, "expired, the service says: older than what its log group keeps")
		case i >= tooNew:
			b.refuse(doc, "too new, the service says: more than 2 hours ahead")
		case items[i].last && b.state[doc] == waiting:
			b.state[doc] = taken
			b.taken++
		}
	}
	return nil
}
