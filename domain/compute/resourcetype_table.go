package compute

// The 33 resource types. The zero ResourceType is Unknown.
const (
	Unknown ResourceType = iota
	PhysicalServer
	VirtualMachine
	ContainerHost
	Hypervisor
	Router
	Switch
	Layer3Switch
	AccessPoint
	LoadBalancer
	Firewall
	IDS
	VPNGateway
	WAF
	Camera
	StorageArray
	NAS
	SANSwitch
	Appliance
	BackupAppliance
	MonitoringAppliance
	AuthServer
	KVM
	Monitor
	EdgeDevice
	IoTGateway
	Sensor
	PDU
	UPS
	EnvironmentalMonitor
	PBX
	VideoConference
	Other
)

type resourceTypeRow struct {
	name     string // canonical
	category Category
	display  string // "": the name in title case
	aliases  []string
	oldName  string // how older JSON spells it, where that differs
}

// resourceTypes is never written to.
var resourceTypes = [...]resourceTypeRow{
	Unknown: {name: "unknown", category: CategoryOther},

	PhysicalServer: {name: "physical_server", category: CategoryCompute, aliases: []string{"server", "bare_metal"}},
	VirtualMachine: {name: "virtual_machine", category: CategoryCompute, aliases: []string{"vm"}},
	ContainerHost:  {name: "container_host", category: CategoryCompute, aliases: []string{"container"}},
	Hypervisor:     {name: "hypervisor", category: CategoryCompute, aliases: []string{"host"}},

	Router:       {name: "router", category: CategoryNetwork},
	Switch:       {name: "switch", category: CategoryNetwork},
	Layer3Switch: {name: "layer3_switch", category: CategoryNetwork, display: "Layer 3 Switch", aliases: []string{"l3_switch", "multilayer_switch"}},
	AccessPoint:  {name: "access_point", category: CategoryNetwork, aliases: []string{"ap", "wap"}},
	LoadBalancer: {name: "load_balancer", category: CategoryNetwork, aliases: []string{"lb", "balancer"}},

	Firewall:   {name: "firewall", category: CategorySecurity, aliases: []string{"fw"}},
	IDS:        {name: "ids", category: CategorySecurity, display: "IDS/IPS", aliases: []string{"ips", "intrusion_detection"}, oldName: "i_d_s"},
	VPNGateway: {name: "vpn_gateway", category: CategorySecurity, display: "VPN Gateway", aliases: []string{"vpn"}, oldName: "v_p_n_gateway"},
	WAF:        {name: "waf", category: CategorySecurity, display: "Web Application Firewall", aliases: []string{"web_firewall"}, oldName: "w_a_f"},
	Camera:     {name: "camera", category: CategorySecurity, display: "Security Camera", aliases: []string{"surveillance", "ip_camera", "cctv"}},

	StorageArray: {name: "storage_array", category: CategoryStorage, aliases: []string{"storage"}},
	NAS:          {name: "nas", category: CategoryStorage, display: "Network Attached Storage", aliases: []string{"network_storage"}, oldName: "n_a_s"},
	SANSwitch:    {name: "san_switch", category: CategoryStorage, display: "SAN Switch", aliases: []string{"san"}, oldName: "s_a_n_switch"},

	Appliance:           {name: "appliance", category: CategoryAppliance},
	BackupAppliance:     {name: "backup_appliance", category: CategoryAppliance, aliases: []string{"backup"}},
	MonitoringAppliance: {name: "monitoring_appliance", category: CategoryAppliance, aliases: []string{"monitoring"}},
	AuthServer:          {name: "auth_server", category: CategoryAppliance, display: "Authentication Server", aliases: []string{"authentication", "ldap", "active_directory"}},
	KVM:                 {name: "kvm", category: CategoryAppliance, display: "KVM Switch", aliases: []string{"kvm_switch"}, oldName: "k_v_m"},
	Monitor:             {name: "monitor", category: CategoryAppliance, display: "Display Monitor", aliases: []string{"display", "screen"}},

	EdgeDevice: {name: "edge_device", category: CategoryEdge, aliases: []string{"edge"}},
	IoTGateway: {name: "iot_gateway", category: CategoryEdge, display: "IoT Gateway", aliases: []string{"iot"}, oldName: "io_t_gateway"},
	Sensor:     {name: "sensor", category: CategoryEdge},

	PDU:                  {name: "pdu", category: CategoryPower, display: "Power Distribution Unit", aliases: []string{"power_distribution"}, oldName: "p_d_u"},
	UPS:                  {name: "ups", category: CategoryPower, display: "UPS", aliases: []string{"battery"}, oldName: "u_p_s"},
	EnvironmentalMonitor: {name: "environmental_monitor", category: CategoryPower, aliases: []string{"environmental"}},

	PBX:             {name: "pbx", category: CategoryTelecom, display: "PBX/Phone System", aliases: []string{"phone_system"}, oldName: "p_b_x"},
	VideoConference: {name: "video_conference", category: CategoryTelecom, display: "Video Conference System", aliases: []string{"video", "conferencing"}},

	Other: {name: "other", category: CategoryOther},
}
