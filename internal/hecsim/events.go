package hecsim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// events handles a request of events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.counts.Requests++
	s.mu.Unlock()
	fault := s.faults.take()
	fault.before(r)
	token, name, code := s.authorize(r)
	if code != 0 {
		answer(w, reply{code: code})
		return
	}
	ch, code := channelOf(r, token)
	if code != 0 {
		answer(w, reply{code: code})
		return
	}
	body, err := readBody(r, s.options.MaxBody)
	switch {
	case errors.Is(err, errEncoding):
		http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
		return
	case errors.Is(err, errTooLarge) && s.options.Cloud:
		answer(w, reply{code: 6, number: new(int)})
		return
	case errors.Is(err, errTooLarge):
		http.Error(w, "Content-Length of body is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		answer(w, reply{code: 6, number: new(int)})
		return
	case len(body) == 0:
		answer(w, reply{code: 5})
		return
	}
	if !fault.StoresAll && fault.refuses(w) {
		return
	}
	objects, rep := s.read(body, token)
	if rep.code == 0 || len(objects) > 0 {
		rep.ack = s.take(name, ch, token, objects, fault)
	}
	if fault.StoresAll && fault.refuses(w) {
		return
	}
	fault.send(w, rep)
}

// authorize returns the token of a request, or the code of what is wrong.
func (s *Server) authorize(r *http.Request) (t Token, name string, code int) {
	head := r.Header.Get("Authorization")
	if r.URL.Query().Has("token") {
		return t, "", 16
	}
	if head == "" {
		return t, "", 2
	}
	name, ok := strings.CutPrefix(head, "Splunk ")
	if !ok || name == "" {
		return t, "", 3
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok = s.tokens[name]
	switch {
	case !ok:
		return t, "", 4
	case t.Disabled:
		return t, "", 1
	}
	return t, name, 0
}

var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// channelOf returns the channel of a request, or the code of what is wrong.
func channelOf(r *http.Request, t Token) (string, int) {
	id := r.Header.Get("X-Splunk-Request-Channel")
	if id == "" {
		id = r.URL.Query().Get("channel")
	}
	switch {
	case id == "" && t.Acks:
		return "", 10
	case id != "" && !guid.MatchString(id):
		return "", 11
	}
	return id, 0
}

var (
	errEncoding = errors.New("content encoding is not supported")
	errTooLarge = errors.New("request is too large")
	errMembers  = errors.New("bytes follow the gzip member")
)

// readBody reads a request's body. If it is gzip, it must be one whole member.
func readBody(r *http.Request, limit int) ([]byte, error) {
	in := bufio.NewReader(r.Body)
	var src io.Reader = in
	zipped := false
	switch r.Header.Get("Content-Encoding") {
	case "":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("read gzip header: %w", err)
		}
		z.Multistream(false)
		src, zipped = z, true
	default:
		return nil, errEncoding
	}
	body, err := io.ReadAll(io.LimitReader(src, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(body) > limit {
		_, _ = io.Copy(io.Discard, in)
		return nil, errTooLarge
	}
	if _, err := in.ReadByte(); zipped && err != io.EOF {
		return nil, errMembers
	}
	return body, nil
}

// read reads the objects of a body. With a bad one it returns those that are
// stored all the same.
func (s *Server) read(body []byte, t Token) ([]Object, reply) {
	var list []Object
	d := json.NewDecoder(strings.NewReader(string(body)))
	for n := 0; ; n++ {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if err == io.EOF {
			return list, reply{}
		}
		code, last := 6, false
		var o Object
		if err == nil {
			o, code, last = s.object(raw, t)
		}
		switch {
		case last: // an unknown key: this one and the rest go unnoticed
			return list, reply{}
		case code == 0:
			list = append(list, o)
			continue
		case code == 7:
			n++ // it names the one behind
			if !s.options.IndexPrefix {
				list = nil
			}
		case s.options.DropsPrefix:
			list = nil
		}
		return list, reply{code: code, number: &n}
	}
}
