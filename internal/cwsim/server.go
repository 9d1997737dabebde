package cwsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Options say how a Server behaves. The zero value checks no signature and
// has the machine's clock.
type Options struct {
	// Now is the service's clock; nil is time.Now.
	Now func() time.Time
	// AccessKey and Secret, if set, are the credentials that requests must be
	// signed with.
	AccessKey, Secret string
	// CheckClock refuses signatures whose time differs by five minutes, as the
	// real service does.
	CheckClock bool
	// Denied are the operations that the caller may not use.
	Denied []string
}

// Server is the simulator, an http.Handler.
type Server struct {
	options Options
	faults  faults

	mu       sync.Mutex
	groups   map[string]*group // guarded by mu
	policies []AccountPolicy   // guarded by mu
	calls    map[string]int    // guarded by mu; by operation, refused ones too
}

// New returns a Server without any group.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{options: o, groups: map[string]*group{}, calls: map[string]int{}}
}

// problem is a refusal as the service words it.
type problem struct {
	status  int
	kind    string // "ResourceNotFoundException"
	message string
}

func (p *problem) Error() string { return p.kind + ": " + p.message }

func refuse(kind, format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, kind, fmt.Sprintf(format, args...)}
}

const (
	targetPrefix = "Logs_20140328."
	mediaType    = "application/x-amz-json-1.1"
	maxBody      = 8 << 20 // decompressed: escapes can make a batch several times larger
)

// operations by name. Each is called with mu held.
func (s *Server) operation(name string) func(body []byte, f Fault) (any, *problem) {
	switch name {
	case "PutLogEvents":
		return s.putLogEvents
	case "CreateLogGroup":
		return s.createGroup
	case "CreateLogStream":
		return s.createStream
	case "PutRetentionPolicy":
		return s.putRetention
	case "DeleteRetentionPolicy":
		return s.deleteRetention
	case "DescribeLogGroups":
		return s.describeGroups
	case "DescribeAccountPolicies":
		return s.describePolicies
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	raw, readErr := io.ReadAll(io.LimitReader(r.Body, maxBody))
	s.mu.Lock()
	s.calls[name]++
	s.mu.Unlock()
	fault := s.faults.take(name)
	if fault.before(w, r) {
		return
	}
	body, p := s.check(r, raw, readErr)
	var out any
	if p == nil {
		out, p = s.run(name, body, fault)
	}
	if fault.CutAfter {
		panic(http.ErrAbortHandler)
	}
	if p != nil {
		s.answer(w, p.status, map[string]string{"__type": p.kind, "message": p.message}, Fault{})
		return
	}
	if fault.StatusAfter != 0 {
		s.answer(w, fault.StatusAfter, map[string]string{"__type": "InternalFailure"}, Fault{})
		return
	}
	s.answer(w, http.StatusOK, out, fault)
}

func (s *Server) run(name string, body []byte, f Fault) (any, *problem) {
	op := s.operation(name)
	if op == nil {
		return nil, refuse("UnknownOperationException", "%s", name)
	}
	for _, denied := range s.options.Denied {
		if denied == name {
			return nil, refuse("AccessDeniedException", "User: arn:aws:iam::123456789012:user/test is not authorized to perform: logs:%s", name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return op(body, f)
}

// check checks all of a request but its meaning, and returns its body.
func (s *Server) check(r *http.Request, raw []byte, readErr error) ([]byte, *problem) {
	if readErr != nil || r.ContentLength != int64(len(raw)) {
		return nil, refuse("SerializationException", "body and Content-Length differ")
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("Content-Type") != mediaType {
		return nil, refuse("UnknownOperationException", "%s %s %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	if p := s.checkSignature(r, raw); p != nil {
		return nil, p
	}
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
		return raw, nil
	case "gzip":
		body, err := Inflate(raw)
		if err != nil {
			return nil, refuse("SerializationException", "gzip: %v", err)
		}
		return body, nil
	default:
		return nil, refuse("SerializationException", "content encoding %s", encoding)
	}
}

// Inflate reads a body that must be one gzip member, whole, with nothing
// behind it.
func Inflate(raw []byte) ([]byte, error) {
	in := strings.NewReader(string(raw))
	gz, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	gz.Multistream(false)
	body, err := io.ReadAll(io.LimitReader(gz, maxBody))
	if err == nil && in.Len() > 0 {
		err = fmt.Errorf("%d bytes follow the member", in.Len())
	}
	return body, err
}

func (s *Server) answer(w http.ResponseWriter, status int, body any, f Fault) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // ours alone
	}
	if body == nil {
		text = nil
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("X-Amzn-Requestid", "00000000-0000-0000-0000-000000000000")
	w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	if f.Rewrite == nil {
		w.WriteHeader(status)
		_, _ = w.Write(text) // a client that is gone reads no answer
		return
	}
	changed := f.Rewrite(text)
	if len(changed) > len(text) {
		w.Header().Set("Content-Length", fmt.Sprint(len(changed)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(changed)
	if len(changed) < len(text) {
		_ = http.NewResponseController(w).Flush() // the half must arrive before the cut
		panic(http.ErrAbortHandler)
	}
}

// Calls returns how often an operation was asked for.
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// read decodes a request's body.
func read(body []byte, into any) *problem {
	if err := json.Unmarshal(body, into); err != nil {
		return refuse("SerializationException", "%v", err)
	}
	return nil
}
