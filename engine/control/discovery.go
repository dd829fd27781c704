package control

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"github.com/nats-io/nuid"
)

// ServiceName is what the service is found by, as in `nats micro info refold`.
const ServiceName = "refold"

// discovery is what a service says to those who look for services.
type discovery struct {
	identity  micro.ServiceIdentity
	started   time.Time
	endpoints []*endpoint
}

func newDiscovery(version string) discovery {
	return discovery{
		identity: micro.ServiceIdentity{Name: ServiceName, ID: nuid.Next(), Version: version, Metadata: map[string]string{}},
		started:  time.Now().UTC(),
	}
}

// endpoint is where one verb is asked for.
type endpoint struct {
	verb    *verb
	subject string
	slots   chan struct{} // one token for each request that is being answered

	mu    sync.Mutex
	stats micro.EndpointStats
}

func (d *discovery) add(v *verb, prefix string) *endpoint {
	p := &endpoint{verb: v, subject: prefix + "." + v.name, slots: make(chan struct{}, maxAtOnce)}
	p.stats = micro.EndpointStats{Name: strings.ReplaceAll(v.name, ".", "-"), Subject: p.subject, QueueGroup: micro.DefaultQueueGroup}
	d.endpoints = append(d.endpoints, p)
	return p
}

// count notes a request that took some time; err is what it was answered with.
func (p *endpoint) count(took time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.NumRequests++
	p.stats.ProcessingTime += took
	p.stats.AverageProcessingTime = p.stats.ProcessingTime / time.Duration(p.stats.NumRequests)
	if err != nil {
		p.stats.NumErrors++
		p.stats.LastError = err.Error()
	}
}

func (d *discovery) ping() any {
	return micro.Ping{ServiceIdentity: d.identity, Type: micro.PingResponseType}
}

func (d *discovery) info() any {
	info := micro.Info{ServiceIdentity: d.identity, Type: micro.InfoResponseType, Description: "A Refold engine"}
	for _, p := range d.endpoints {
		info.Endpoints = append(info.Endpoints, micro.EndpointInfo{
			Name: p.stats.Name, Subject: p.subject, QueueGroup: micro.DefaultQueueGroup, Metadata: map[string]string{"right": string(p.verb.right)},
		})
	}
	return info
}

func (d *discovery) statistics() any {
	all := micro.Stats{ServiceIdentity: d.identity, Type: micro.StatsResponseType, Started: d.started}
	for _, p := range d.endpoints {
		p.mu.Lock()
		all.Endpoints = append(all.Endpoints, new(p.stats))
		p.mu.Unlock()
	}
	return all
}

// subscribeDiscovery answers those who look for all services, for those of this name, and
// for this one.
func (s *Service) subscribeDiscovery() error {
	d := &s.found
	for verb, says := range map[micro.Verb]func() any{micro.PingVerb: d.ping, micro.InfoVerb: d.info, micro.StatsVerb: d.statistics} {
		for _, of := range []micro.ServiceIdentity{{}, {Name: ServiceName}, {Name: ServiceName, ID: d.identity.ID}} {
			subject, err := micro.ControlSubject(verb, of.Name, of.ID)
			if err != nil {
				return err
			}
			if _, err := s.nc.Subscribe(subject, func(m *nats.Msg) { s.tell(m, says()) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) tell(m *nats.Msg, v any) {
	if !isInbox(m.Reply) {
		s.logger.Warn("one who looks for services is left alone: the answer would not go to an inbox", "subject", m.Subject, "reply", m.Reply)
		return
	}
	text, err := json.Marshal(v)
	if err == nil {
		err = m.Respond(text)
	}
	if err != nil {
		s.logger.Debug("one who looks for services stays without an answer", "error", err)
	}
}
