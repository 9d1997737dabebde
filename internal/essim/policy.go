package essim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// policies are those of index lifecycle management.
type policies struct {
	mu     sync.Mutex
	byName map[string]json.RawMessage // guarded by mu
}

func (s *Server) getPolicy(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	s.policies.mu.Lock()
	policy, ok := s.policies.byName[name]
	s.policies.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "resource_not_found_exception", "Lifecycle policy not found: "+name)
		return
	}
	answer(w, http.StatusOK, map[string]any{name: map[string]any{"version": 1, "modified_date": "2026-11-24T10:00:00.000Z", "policy": policy, "in_use_by": map[string]any{}}})
}

func (s *Server) putPolicy(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	var policy json.RawMessage
	if err == nil {
		policy, err = checkPolicy(body)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "x_content_parse_exception", err.Error())
		return
	}
	s.policies.mu.Lock()
	defer s.policies.mu.Unlock()
	if s.policies.byName == nil {
		s.policies.byName = map[string]json.RawMessage{}
	}
	s.policies.byName[r.PathValue("name")] = policy
	answer(w, http.StatusOK, map[string]bool{"acknowledged": true})
}

// checkPolicy reads a policy as strictly as the real server does, as far as
// Sluice uses it.
func checkPolicy(body []byte) (json.RawMessage, error) {
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(body, &outer); err != nil {
		return nil, err
	}
	if len(outer) != 1 || outer["policy"] == nil {
		return nil, fmt.Errorf("[put_lifecycle_request] needs policy, and nothing else")
	}
	var policy struct {
		Phases map[string]struct {
			MinAge  string                     `json:"min_age"`
			Actions map[string]json.RawMessage `json:"actions"`
		} `json:"phases"`
	}
	if err := json.Unmarshal(outer["policy"], &policy); err != nil {
		return nil, err
	}
	for name, phase := range policy.Phases {
		for action := range phase.Actions {
			switch {
			case name == "delete" && action == "delete", name == "hot" && action == "rollover", name == "hot" && action == "set_priority", name == "warm":
			default:
				return nil, fmt.Errorf("invalid action [%s] defined in phase [%s]", action, name)
			}
		}
	}
	if len(policy.Phases) == 0 {
		return nil, fmt.Errorf("[lifecycle_policy] needs phases")
	}
	return outer["policy"], nil
}
