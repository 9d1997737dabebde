package essim

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// bulk handles one bulk request.
func (s *Server) bulk(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	fault := s.faults.take()
	f := s.pool.get()
	defer s.pool.put(f)
	body, err := f.body(r, s.options.MaxBody)
	s.wire.Add(max(r.ContentLength, 0))
	s.wait(r)
	if fault.apply(w, r) {
		return
	}
	if err == nil {
		err = s.checkRequest(r, body)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	s.bytes.Add(int64(len(body)))
	q := r.URL.Query()
	b := bulkRequest{
		server: s, fault: fault, index: []byte(r.PathValue("index")),
		requireStream: q.Get("require_data_stream") == "true",
		pipeline:      q.Get("pipeline"),
		filtered:      strings.Contains(q.Get("filter_path"), "items.*.status"),
		out:           f.out[:0],
	}
	err = b.run(body)
	f.out = b.out
	if err != nil {
		refuse(w, err)
		return
	}
	s.reply(w, fault, b.answer(&f.out))
}

// reply sends the answer, or what is left of it.
func (s *Server) reply(w http.ResponseWriter, fault Fault, text []byte) {
	if fault.CutAfter || s.dropsAnswer() {
		s.dropped.Add(1)
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	if fault.Rewrite == nil {
		_, _ = w.Write(text) // a client that is gone reads no answer
		return
	}
	changed := fault.Rewrite(bytes.Clone(text))
	if len(changed) > len(text) {
		w.Header().Set("Content-Length", strconv.Itoa(len(changed)))
	}
	_, _ = w.Write(changed)
	if len(changed) < len(text) {
		_ = http.NewResponseController(w).Flush() // the half must arrive before the cut
		panic(http.ErrAbortHandler)
	}
}

// problem is a reason to refuse a whole request.
type problem struct {
	status       int
	kind, reason string
}

func (p problem) Error() string { return p.reason }

func refuse(w http.ResponseWriter, err error) {
	var p problem
	switch {
	case errors.As(err, &p):
		fail(w, p.status, p.kind, p.reason)
	case errors.Is(err, errTooLarge):
		w.WriteHeader(http.StatusRequestEntityTooLarge) // the real one has no body
	default:
		fail(w, http.StatusBadRequest, "parse_exception", err.Error())
	}
}

// checkRequest checks all of a bulk request but its lines.
func (s *Server) checkRequest(r *http.Request, body []byte) error {
	switch media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); media {
	case "application/x-ndjson", "application/json":
	default:
		return problem{http.StatusNotAcceptable, "content_type_header_exception", "Content-Type header [" + media + "] is not supported"}
	}
	if r.ContentLength < 0 {
		return problem{http.StatusLengthRequired, "illegal_argument_exception", "no Content-Length"}
	}
	if err := s.checkParameters(r.URL.Query()); err != nil {
		return err
	}
	if len(body) == 0 {
		return problem{http.StatusBadRequest, "parse_exception", "request body is required"}
	}
	if body[len(body)-1] != '\n' {
		return problem{http.StatusBadRequest, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"}
	}
	return nil
}

func (s *Server) checkParameters(q url.Values) error {
	var unknown []string
	for k := range q {
		switch k {
		case "timeout", "filter_path", "pipeline", "refresh", "routing", "wait_for_active_shards", "pretty":
			continue
		case "require_data_stream", "include_source_on_error":
			if !s.options.Any {
				continue
			}
		}
		unknown = append(unknown, "["+k+"]")
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return problem{http.StatusBadRequest, "illegal_argument_exception", "request [/_bulk] contains unrecognized parameters: " + strings.Join(unknown, ", ")}
}

// bulkRequest is the work on one request's lines.
type bulkRequest struct {
	server        *Server
	fault         Fault
	index         []byte // from the URL
	requireStream bool
	pipeline      string
	filtered      bool
	out           []byte // the items of the answer
	n             int
	failed        bool
	last          []byte // the index before, and whether it is a stream
	lastIs        bool
}

// run stores the documents of a body. If it is strict it reads all action lines
// before it stores anything, as the real server does.
func (b *bulkRequest) run(body []byte) error {
	for rest := body; b.server.options.Strict && len(rest) > 0; {
		_, _, after, err := cutPair(rest)
		if err != nil {
			return err
		}
		rest = after
	}
	for rest := body; len(rest) > 0; {
		a, doc, after, err := cutPair(rest)
		if err != nil {
			return err
		}
		if len(a.index) == 0 {
			a.index = b.index
		}
		b.one(a, doc)
		rest = after
	}
	return nil
}

// cutPair cuts an action line and its document from the front of body.
func cutPair(body []byte) (a action, doc, rest []byte, err error) {
	line, rest, _ := bytes.Cut(body, []byte{'\n'})
	if a, err = parseAction(line); err != nil {
		return a, nil, nil, problem{http.StatusBadRequest, "illegal_argument_exception", err.Error()}
	}
	doc, rest, ok := bytes.Cut(rest, []byte{'\n'})
	if !ok {
		return a, nil, nil, problem{http.StatusBadRequest, "illegal_argument_exception", "a document is missing behind the last action line"}
	}
	return a, doc, rest, nil
}

// one stores a document and appends its item.
func (b *bulkRequest) one(a action, doc []byte) {
	s := b.server
	status, kind, reason := b.check(a, doc)
	if status == 0 && s.options.KeepIDs && len(a.id) > 0 && !s.ids.add(a.index, a.id) {
		s.duplicates.Add(1)
		status, kind, reason = http.StatusConflict, "version_conflict_engine_exception", "["+string(a.id)+"]: version conflict, document already exists (current version [1])"
	}
	if status == 0 {
		s.docs.Add(1)
		if s.options.OnDoc != nil {
			s.options.OnDoc(string(a.index), string(a.id), doc)
		}
		b.item(a, http.StatusCreated, "", "")
		return
	}
	if status >= 300 {
		b.failed = true
		if status != http.StatusConflict {
			s.refused.Add(1)
		}
	}
	b.item(a, status, kind, reason)
}

// check returns why a document is not stored, or 0.
func (b *bulkRequest) check(a action, doc []byte) (status int, kind, reason string) {
	if b.fault.Item != nil {
		if status, kind, reason = b.fault.Item(b.n, doc); status != 0 {
			return status, kind, reason
		}
	}
	if a.op != "create" {
		return http.StatusBadRequest, "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams"
	}
	if len(a.index) == 0 {
		return http.StatusBadRequest, "action_request_validation_exception", "index is missing"
	}
	if !b.isStream(a.index) {
		if b.requireStream {
			return http.StatusNotFound, "index_not_found_exception", "no such index [" + string(a.index) + "] and [require_data_stream] request flag is [true] and [" + string(a.index) + "] is not a data stream"
		}
		if !isIndexName(a.index) {
			return http.StatusBadRequest, "invalid_index_name_exception", "Invalid index name [" + string(a.index) + "]"
		}
		if !b.server.templates.plain(string(a.index)) {
			b.server.stray.Add(1)
		}
	} else if len(a.routing) > 0 && !b.server.templates.routable(string(a.index)) {
		return http.StatusBadRequest, "illegal_argument_exception", "index request targeting data stream [" + string(a.index) + "] specifies a custom routing [" + string(a.routing) + "]. target the backing indices directly or remove the custom routing."
	}
	if b.pipeline != "" && !slices.Contains(b.server.options.Pipelines, b.pipeline) {
		return http.StatusBadRequest, "illegal_argument_exception", "pipeline with id [" + b.pipeline + "] does not exist"
	}
	if !b.server.options.Strict {
		if !looksLikeDocument(doc) {
			return http.StatusBadRequest, "document_parsing_exception", "not an object"
		}
		return 0, "", ""
	}
	if err := checkDocument(doc); err != nil {
		return http.StatusBadRequest, "document_parsing_exception", err.Error()
	}
	return 0, "", ""
}

// isIndexName reports whether an index can have a name.
func isIndexName(name []byte) bool {
	return len(name) <= 255 && !bytes.ContainsAny(name[:1], "-_+.") && !bytes.ContainsAny(name, `\/*?"<>| ,#:`) && bytes.Equal(name, bytes.ToLower(name))
}

// isStream reports whether an index is a data stream. Most documents of a
// request have the stream of the one before.
func (b *bulkRequest) isStream(index []byte) bool {
	if len(b.last) == 0 || !bytes.Equal(index, b.last) {
		b.last, b.lastIs = index, b.server.templates.stream(string(index))
	}
	return b.lastIs
}

// item appends one entry of the answer's items.
func (b *bulkRequest) item(a action, status int, kind, reason string) {
	if b.n > 0 {
		b.out = append(b.out, ',')
	}
	b.n++
	b.out = append(append(append(b.out, `{"`...), a.op...), `":{`...)
	if !b.filtered {
		b.out = append(append(append(b.out, `"_index":"`...), a.index...), `",`...)
	}
	b.out = strconv.AppendInt(append(b.out, `"status":`...), int64(status), 10)
	if kind != "" {
		detail, err := json.Marshal(map[string]string{"type": kind, "reason": reason})
		if err == nil { // strings always are
			b.out = append(append(b.out, `,"error":`...), detail...)
		}
	}
	b.out = append(b.out, "}}"...)
}

// answer is the whole body of the answer. scratch is grown to hold it.
func (b *bulkRequest) answer(scratch *[]byte) []byte {
	head := `{"errors":false,`
	if b.failed {
		head = `{"errors":true,`
	}
	if !b.filtered {
		head += `"took":1,`
	}
	text := append(make([]byte, 0, len(b.out)+64), head+`"items":[`...)
	text = append(append(text, b.out...), "]}"...)
	*scratch = b.out
	return text
}
