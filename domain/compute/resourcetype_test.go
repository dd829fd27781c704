package compute_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/compute"
)

// taxonomy spells out all types: category, colour, then per type
// name|display|aliases|older JSON name.
const taxonomy = `
compute Compute 4caf50
	physical_server|Physical Server|server,bare_metal|
	virtual_machine|Virtual Machine|vm|
	container_host|Container Host|container|
	hypervisor|Hypervisor|host|
network Network 2196f3
	router|Router||
	switch|Switch||
	layer3_switch|Layer 3 Switch|l3_switch,multilayer_switch|
	access_point|Access Point|ap,wap|
	load_balancer|Load Balancer|lb,balancer|
security Security f44336
	firewall|Firewall|fw|
	ids|IDS/IPS|ips,intrusion_detection|i_d_s
	vpn_gateway|VPN Gateway|vpn|v_p_n_gateway
	waf|Web Application Firewall|web_firewall|w_a_f
	camera|Security Camera|surveillance,ip_camera,cctv|
storage Storage ff9800
	storage_array|Storage Array|storage|
	nas|Network Attached Storage|network_storage|n_a_s
	san_switch|SAN Switch|san|s_a_n_switch
appliance Appliance 795548
	appliance|Appliance||
	backup_appliance|Backup Appliance|backup|
	monitoring_appliance|Monitoring Appliance|monitoring|
	auth_server|Authentication Server|authentication,ldap,active_directory|
	kvm|KVM Switch|kvm_switch|k_v_m
	monitor|Display Monitor|display,screen|
edge Edge/IoT 9c27b0
	edge_device|Edge Device|edge|
	iot_gateway|IoT Gateway|iot|io_t_gateway
	sensor|Sensor||
power Power/Environmental ffeb3b
	pdu|Power Distribution Unit|power_distribution|p_d_u
	ups|UPS|battery|u_p_s
	environmental_monitor|Environmental Monitor|environmental|
telecom Telecommunications 00bcd4
	pbx|PBX/Phone System|phone_system|p_b_x
	video_conference|Video Conference System|video,conferencing|
other Other 9e9e9e
	other|Other||
	unknown|Unknown||
`

func TestTaxonomy(t *testing.T) {
	types, categories := compute.ResourceTypes(), compute.Categories()
	var category compute.Category
	listed := 0
	for line := range strings.Lines(strings.TrimLeft(taxonomy, "\n")) {
		row, isType := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		if !isType {
			category, categories = categories[0], categories[1:]
			if got := category.String() + " " + category.Display() + " " + category.Color(); got != row {
				t.Errorf("category %q, want %q", got, row)
			}
			continue
		}
		checkType(t, types[listed], category, strings.Split(row, "|"))
		listed++
	}
	if listed != 33 || len(types) != 33 || len(compute.Categories()) != 9 {
		t.Errorf("%d of %d types in %d categories, want 33 in 9", listed, len(types), len(compute.Categories()))
	}
}

func checkType(t *testing.T, typ compute.ResourceType, category compute.Category, row []string) {
	t.Helper()
	name, display, older := row[0], row[1], row[3]
	aliases := strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' })
	if typ.String() != name || typ.Display() != display || typ.Category() != category || typ.Color() != category.Color() {
		t.Errorf("%s: display %q in %s, want %s: %q in %s", typ, typ.Display(), typ.Category(), name, display, category)
	}
	if diff := cmp.Diff(aliases, typ.Aliases()); diff != "" && len(aliases)+len(typ.Aliases()) > 0 {
		t.Errorf("%s: aliases (-want +got):\n%s", typ, diff)
	}
	for _, text := range append(aliases, name, older) {
		if text == "" {
			continue
		}
		if got := compute.ParseResourceType(strings.ToUpper(text)); got != typ {
			t.Errorf("%q is parsed as %s, want %s", strings.ToUpper(text), got, typ)
		}
	}
	for _, text := range []string{name, older} {
		var decoded compute.ResourceType
		if err := json.Unmarshal([]byte(`"`+text+`"`), &decoded); text != "" && (err != nil || decoded != typ) {
			t.Errorf("JSON %q is decoded as %s, %v, want %s", text, decoded, err, typ)
		}
	}
	if encoded, err := json.Marshal(typ); err != nil || string(encoded) != `"`+name+`"` {
		t.Errorf("%s is encoded as %s, %v", typ, encoded, err)
	}
}

func TestUnknownResourceTypes(t *testing.T) {
	for _, text := range []string{"", "toaster", "physical server"} {
		if got := compute.ParseResourceType(text); got != compute.Unknown {
			t.Errorf("%q is parsed as %s, want unknown", text, got)
		}
	}
	var zero compute.ResourceType
	if zero != compute.Unknown {
		t.Error("the zero type is not unknown")
	}
	for _, text := range []string{`"toaster"`, `""`, `"server"`, `"ROUTER"`, `4`} {
		if err := json.Unmarshal([]byte(text), &zero); err == nil {
			t.Errorf("JSON %s was decoded", text)
		}
	}
	if out := compute.ResourceType(200); out.String() != "unknown" || out.Category() != compute.CategoryOther {
		t.Errorf("type 200 is %s in %s", out, out.Category())
	}
}

func TestKindsOfDevices(t *testing.T) {
	for _, typ := range compute.ResourceTypes() {
		c := typ.Category()
		if typ.IsCompute() != (c == compute.CategoryCompute) ||
			typ.IsNetworkDevice() != (c == compute.CategoryNetwork) ||
			typ.IsSecurityDevice() != (c == compute.CategorySecurity && typ.String() != "camera") {
			t.Errorf("%s: compute %v, network %v, security %v", typ, typ.IsCompute(), typ.IsNetworkDevice(), typ.IsSecurityDevice())
		}
	}
}

func TestAliasesAreACopy(t *testing.T) {
	compute.PhysicalServer.Aliases()[0] = "toaster"
	if got := compute.ParseResourceType("toaster"); got != compute.Unknown {
		t.Errorf("a write to the aliases made %s of a toaster", got)
	}
}
