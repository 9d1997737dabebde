package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// cloudwatchForm is CloudWatch Logs in AWS JSON 1.1. What is put into a stream
// that was not made is refused: an agent asks so for its rights.
type cloudwatchForm struct {
	gzipBodies
	mu      sync.Mutex
	groups  map[string]bool // guarded by mu
	streams map[stream]bool // guarded by mu
}

// stream is as calls name it. A call for a group has no second name.
type stream struct {
	Group string `json:"logGroupName"`
	Name  string `json:"logStreamName"`
}

func newCloudwatchForm() *cloudwatchForm {
	return &cloudwatchForm{groups: map[string]bool{}, streams: map[stream]bool{}}
}

func (c *cloudwatchForm) service(s *sink) service {
	return httpService(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if operation == "PutLogEvents" {
			c.put(s, w, r)
			return
		}
		var named stream
		if err := json.NewDecoder(r.Body).Decode(&named); err != nil {
			s.problem(fmt.Errorf("read a call of %s: %w", operation, err))
		}
		switch {
		case operation == "DescribeLogGroups":
			io.WriteString(w, `{"logGroups":[]}`)
		case !c.apply(operation, named):
			refuse(w)
		}
	}))
}

var errNotThere = errors.New("the stream was not made")

func (c *cloudwatchForm) put(s *sink, w http.ResponseWriter, r *http.Request) {
	mark := escaped(s.seqMark())
	b, err := readBody(r)
	if err != nil {
		return // the agent went away: not taken
	}
	docs, err := s.look(b, func(raw []byte) (int, error) {
		named, err := streamOf(raw)
		if err == nil && !c.has(named) {
			err = errNotThere
		}
		return bytes.Count(raw, mark), err
	})
	switch {
	case errors.Is(err, errNotThere):
		refuse(w)
	case err != nil:
		s.problem(err)
		refuse(w)
	default:
		s.keep(b, docs)
		io.WriteString(w, `{}`)
	}
}

// apply makes what a call asks for. It returns false if the call names a group
// that is not there.
func (c *cloudwatchForm) apply(operation string, named stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch operation {
	case "CreateLogGroup":
		c.groups[named.Group] = true
	case "CreateLogStream":
		if c.groups[named.Group] {
			c.streams[named] = true
		}
	}
	return c.groups[named.Group]
}

func (c *cloudwatchForm) has(named stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[named]
}

func refuse(w http.ResponseWriter) {
	w.WriteHeader(http.StatusBadRequest)
	io.WriteString(w, `{"__type":"ResourceNotFoundException","message":"it was not made"}`)
}

// streamOf reads the names in a call of PutLogEvents, which stand before the
// events.
func streamOf(raw []byte) (stream, error) {
	events := bytes.Index(raw, []byte(`"logEvents":`))
	if events < 0 {
		return stream{}, errors.New("a call of PutLogEvents has no events")
	}
	head := append(bytes.Clone(raw[:events]), `"logEvents":[]}`...)
	var named stream
	if err := json.Unmarshal(head, &named); err != nil {
		return stream{}, fmt.Errorf("read the names of a call of PutLogEvents: %w", err)
	}
	return named, nil
}

// escaped is a mark as it stands in a document that is itself a JSON string.
func escaped(mark string) []byte {
	quoted := strconv.Quote(mark)
	return []byte(quoted[1 : len(quoted)-1])
}

func (*cloudwatchForm) documents(raw []byte, add func(doc []byte)) error {
	var call struct {
		Events []struct {
			Message string `json:"message"`
		} `json:"logEvents"`
	}
	if err := json.Unmarshal(raw, &call); err != nil {
		return fmt.Errorf("read a call of PutLogEvents: %w", err)
	}
	for _, e := range call.Events {
		add([]byte(e.Message))
	}
	return nil
}
