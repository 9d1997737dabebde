package cwsim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

type group struct {
	name    string
	class   string
	days    int // of its own; 0 is for ever
	tags    map[string]string
	streams map[string]bool
	events  []Event
}

// Group is what there is of a log group.
type Group struct {
	Class   string
	Days    int // its own retention; 0 is for ever
	Tags    map[string]string
	Streams []string
}

// AccountPolicy is an account-level retention policy, which overrides what its
// groups say of themselves.
type AccountPolicy struct {
	Name   string
	Prefix string // of its groups' names
	Days   int    // 0 is for ever
}

// SetPolicies sets the account-level retention policies.
func (s *Server) SetPolicies(list ...AccountPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies = list
}

// policy is the one that holds for a group, the longest, or nil.
func (s *Server) policy(g *group) *AccountPolicy {
	var best *AccountPolicy
	for i := range s.policies {
		p := &s.policies[i]
		if strings.HasPrefix(g.name, p.Prefix) && (best == nil || p.Days == 0 || best.Days != 0 && p.Days > best.Days) {
			best = p
		}
	}
	return best
}

// days is how long a group really keeps.
func (s *Server) days(g *group) int {
	if p := s.policy(g); p != nil {
		return p.Days
	}
	return g.days
}

// Groups returns the groups by name.
func (s *Server) Groups() map[string]Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Group{}
	for name, g := range s.groups {
		all[name] = Group{g.class, g.days, maps.Clone(g.tags), slices.Sorted(maps.Keys(g.streams))}
	}
	return all
}

// Delete takes a group away with all that is in it.
func (s *Server) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, name)
}

// Make makes a group as somebody else would.
func (s *Server) Make(name string, days int, streams ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &group{name: name, class: "STANDARD", days: days, streams: map[string]bool{}}
	for _, stream := range streams {
		g.streams[stream] = true
	}
	s.groups[name] = g
}

func (s *Server) sorted() []*group {
	var list []*group
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		list = append(list, s.groups[name])
	}
	return list
}

func checkGroupName(name string) *problem {
	if len(name) < 1 || len(name) > 512 || strings.HasPrefix(name, "aws/") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/#") != "" {
		return refuse("InvalidParameterException", "Value '%s' at 'logGroupName' failed to satisfy constraint", name)
	}
	return nil
}

func checkStreamName(name string) *problem {
	if len(name) < 1 || len(name) > 512 || strings.ContainsAny(name, ":*") {
		return refuse("InvalidParameterException", "Value '%s' at 'logStreamName' failed to satisfy constraint", name)
	}
	return nil
}

type groupRequest struct {
	Group  string            `json:"logGroupName"`
	Stream string            `json:"logStreamName"`
	Class  string            `json:"logGroupClass"`
	Tags   map[string]string `json:"tags"`
	Days   int               `json:"retentionInDays"`
	Prefix string            `json:"logGroupNamePrefix"`
	Limit  int               `json:"limit"`
	Token  string            `json:"nextToken"`
}

func (s *Server) createGroup(body []byte, _ Fault) (any, *problem) {
	var req groupRequest
	if p := read(body, &req); p != nil {
		return nil, p
	}
	if p := checkGroupName(req.Group); p != nil {
		return nil, p
	}
	if _, ok := s.groups[req.Group]; ok {
		return nil, refuse("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	switch req.Class {
	case "":
		req.Class = "STANDARD"
	case "STANDARD", "INFREQUENT_ACCESS", "ESSENTIALS", "DELIVERY":
	default:
		return nil, refuse("InvalidParameterException", "Value '%s' at 'logGroupClass' failed to satisfy constraint", req.Class)
	}
	if len(req.Tags) > 50 {
		return nil, refuse("InvalidParameterException", "Value at 'tags' failed to satisfy constraint: at most 50")
	}
	s.groups[req.Group] = &group{name: req.Group, class: req.Class, tags: req.Tags, streams: map[string]bool{}}
	return nil, nil
}

func (s *Server) createStream(body []byte, _ Fault) (any, *problem) {
	req, g, p := s.ofGroup(body)
	if p == nil {
		p = checkStreamName(req.Stream)
	}
	if p != nil {
		return nil, p
	}
	if g.streams[req.Stream] {
		return nil, refuse("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	g.streams[req.Stream] = true
	return nil, nil
}

func (s *Server) ofGroup(body []byte) (req groupRequest, g *group, p *problem) {
	if p = read(body, &req); p != nil {
		return req, nil, p
	}
	if p = checkGroupName(req.Group); p != nil {
		return req, nil, p
	}
	g, ok := s.groups[req.Group]
	if !ok {
		p = refuse("ResourceNotFoundException", "The specified log group does not exist.")
	}
	return req, g, p
}

// retentionDays are the values that a group can have.
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (s *Server) putRetention(body []byte, _ Fault) (any, *problem) {
	req, g, p := s.ofGroup(body)
	if p != nil {
		return nil, p
	}
	if !slices.Contains(retentionDays, req.Days) {
		return nil, refuse("InvalidParameterException", "1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint", req.Days)
	}
	g.days = req.Days
	return nil, nil
}

func (s *Server) deleteRetention(body []byte, _ Fault) (any, *problem) {
	_, g, p := s.ofGroup(body)
	if p != nil {
		return nil, p
	}
	g.days = 0
	return nil, nil
}

type groupAnswer struct {
	Name   string `json:"logGroupName"`
	Class  string `json:"logGroupClass"`
	Days   *int   `json:"retentionInDays,omitempty"`
	Policy string `json:"retentionPolicyName,omitempty"`
}

func (s *Server) describeGroups(body []byte, _ Fault) (any, *problem) {
	var req groupRequest
	if p := read(body, &req); p != nil {
		return nil, p
	}
	if req.Limit == 0 {
		req.Limit = 50
	}
	if req.Limit < 1 || req.Limit > 50 {
		return nil, refuse("InvalidParameterException", "Value '%d' at 'limit' failed to satisfy constraint", req.Limit)
	}
	var answer struct {
		Groups []groupAnswer `json:"logGroups"`
		Next   string        `json:"nextToken,omitempty"`
	}
	answer.Groups = []groupAnswer{}
	for _, g := range s.sorted() {
		if !strings.HasPrefix(g.name, req.Prefix) || g.name <= req.Token {
			continue
		}
		if len(answer.Groups) == req.Limit {
			answer.Next = answer.Groups[req.Limit-1].Name
			break
		}
		a := groupAnswer{Name: g.name, Class: g.class}
		if p := s.policy(g); p != nil {
			a.Policy = p.Name
		}
		if days := s.days(g); days > 0 {
			a.Days = &days
		}
		answer.Groups = append(answer.Groups, a)
	}
	return answer, nil
}

func (s *Server) describePolicies([]byte, Fault) (any, *problem) {
	list := []map[string]string{}
	for _, p := range s.policies {
		document, err := json.Marshal(map[string]int{"retentionInDays": p.Days})
		if err != nil {
			panic(err) // ours alone
		}
		list = append(list, map[string]string{"policyName": p.Name, "policyType": "RETENTION_POLICY", "policyDocument": string(document)})
	}
	return map[string]any{"accountPolicies": list}, nil
}
