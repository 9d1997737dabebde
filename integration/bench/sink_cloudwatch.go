package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// cloudwatchForm is CloudWatch Logs in AWS JSON 1.1. Groups and streams that it
// is asked to make it answers for, and does not keep: all are there.
type cloudwatchForm struct{ gzipBodies }

func (*cloudwatchForm) service(s *sink) service {
	return httpService(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch operation {
		case "PutLogEvents":
			mark := escaped(s.seqMark())
			if _, ok := s.take(w, r, func(raw []byte) (int, error) { return bytes.Count(raw, mark), nil }); ok {
				io.WriteString(w, `{}`)
			}
		case "CreateLogGroup", "CreateLogStream", "PutRetentionPolicy":
		case "DescribeLogGroups":
			io.WriteString(w, `{"logGroups":[]}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"UnknownOperationException"}`)
		}
	}))
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
