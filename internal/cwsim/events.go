package cwsim

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// The limits of PutLogEvents.
const (
	maxBatch    = 1048576 // bytes, with perEvent for each
	perEvent    = 26
	maxEvents   = 10000
	maxEvent    = 1048576 // bytes of one event, with perEvent
	maxSpan     = 24 * time.Hour
	maxAge      = 14 * 24 * time.Hour
	maxAhead    = 2 * time.Hour
	day         = 24 * time.Hour
	chronologic = "Log events in a single PutLogEvents request must be in chronological order."
)

// Event is one stored event.
type Event struct {
	Group, Stream string
	Time          int64 // milliseconds
	Message       string
}

type putRequest struct {
	Group  string `json:"logGroupName"`
	Stream string `json:"logStreamName"`
	Events []struct {
		Time    *int64  `json:"timestamp"`
		Message *string `json:"message"`
	} `json:"logEvents"`
}

type rejected struct {
	TooOld  *int `json:"tooOldLogEventEndIndex,omitempty"`
	Expired *int `json:"expiredLogEventEndIndex,omitempty"`
	TooNew  *int `json:"tooNewLogEventStartIndex,omitempty"`
}

type putAnswer struct {
	Token    string    `json:"nextSequenceToken"`
	Rejected *rejected `json:"rejectedLogEventsInfo,omitempty"`
}

// putLogEvents stores the valid events of a batch, or refuses all of it.
func (s *Server) putLogEvents(body []byte, f Fault) (any, *problem) {
	var req putRequest
	if !utf8.Valid(body) {
		return nil, refuse("SerializationException", "not UTF-8")
	}
	if p := read(body, &req); p != nil {
		return nil, p
	}
	if p := checkBatch(&req); p != nil {
		return nil, p
	}
	g, ok := s.groups[req.Group]
	if !ok {
		return nil, refuse("ResourceNotFoundException", "The specified log group does not exist.")
	}
	if !g.streams[req.Stream] {
		return nil, refuse("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	from, to, info := s.valid(&req, g, f)
	if p := checkSpan(&req, from, to); p != nil {
		return nil, p
	}
	for _, e := range req.Events[from:to] {
		g.events = append(g.events, Event{req.Group, req.Stream, *e.Time, *e.Message})
	}
	return putAnswer{"49" + strconv.Itoa(len(g.events)), info}, nil
}

// CheckPut checks all of a PutLogEvents request's body that needs no state: what
// it returns is why the real service refuses it whole. It is for tests with a
// stand-in that checks less.
func CheckPut(body []byte) error {
	var req putRequest
	if !utf8.Valid(body) {
		return refuse("SerializationException", "not UTF-8")
	}
	if p := read(body, &req); p != nil {
		return p
	}
	if p := checkBatch(&req); p != nil {
		return p
	}
	if p := checkSpan(&req, 0, len(req.Events)); p != nil {
		return p
	}
	return nil
}

// checkSpan checks the time between the valid events of a batch.
func checkSpan(req *putRequest, from, to int) *problem {
	if from >= to {
		return nil
	}
	if span := time.Duration(*req.Events[to-1].Time-*req.Events[from].Time) * time.Millisecond; span > maxSpan {
		return refuse("InvalidParameterException", "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// checkBatch checks what refuses a whole batch.
func checkBatch(req *putRequest) *problem {
	if p := checkGroupName(req.Group); p != nil {
		return p
	}
	if p := checkStreamName(req.Stream); p != nil {
		return p
	}
	if len(req.Events) == 0 || len(req.Events) > maxEvents {
		return refuse("InvalidParameterException", "Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and 10000, not %d", len(req.Events))
	}
	size := 0
	for i, e := range req.Events {
		switch {
		case e.Time == nil || *e.Time < 0:
			return refuse("InvalidParameterException", "Value at 'logEvents.%d.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0", i+1)
		case e.Message == nil || *e.Message == "":
			return refuse("InvalidParameterException", "Value at 'logEvents.%d.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", i+1)
		case len(*e.Message)+perEvent > maxEvent:
			return refuse("InvalidParameterException", "Log event too large: %d bytes exceeds limit of %d", len(*e.Message)+perEvent, maxEvent)
		case i > 0 && *e.Time < *req.Events[i-1].Time:
			return refuse("InvalidParameterException", chronologic)
		}
		size += len(*e.Message) + perEvent
	}
	if size > maxBatch {
		return refuse("InvalidParameterException", "Upload too large: %d bytes exceeds limit of %d", size, maxBatch)
	}
	return nil
}

// valid returns the range of events that are stored, and what is said of the
// others.
func (s *Server) valid(req *putRequest, g *group, f Fault) (from, to int, info *rejected) {
	now := s.options.Now()
	age := func(i int) time.Duration { return now.Sub(time.UnixMilli(*req.Events[i].Time)) }
	to = len(req.Events)
	info = &rejected{}
	tooOld, expired := 0, 0
	for i := range req.Events {
		if age(i) > maxAge || f.Reject != nil && f.Reject(*req.Events[i].Message) {
			tooOld = i + 1
		}
		if days := s.days(g); days > 0 && age(i) > time.Duration(days)*day {
			expired = i + 1
		}
	}
	if i := slices.IndexFunc(req.Events, func(e struct {
		Time    *int64  `json:"timestamp"`
		Message *string `json:"message"`
	}) bool {
		return time.UnixMilli(*e.Time).Sub(now) > maxAhead
	}); i >= 0 {
		to, info.TooNew = i, &i
	}
	if tooOld > 0 {
		info.TooOld = &tooOld
	}
	if expired > 0 {
		info.Expired = &expired
	}
	from = min(max(tooOld, expired), to)
	if *info == (rejected{}) {
		info = nil
	}
	return from, to, info
}

// Events returns all that is stored, group by group, as it came.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Event
	for _, g := range s.sorted() {
		all = append(all, g.events...)
	}
	return all
}

// Number returns the value of a number at a document's root, such as the
// sequence number that a test gave it, and whether the message is a document
// that has it.
func (e Event) Number(key string) (int64, bool) {
	var doc map[string]json.RawMessage
	if json.Unmarshal([]byte(e.Message), &doc) != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(doc[key]), 10, 64)
	return n, err == nil
}
