//! What a projection says of itself, made when the guest is compiled.

const event = @import("event.zig");
const projection = @import("projection.zig");
const quote = @import("json/write.zig").quote;
const reflect = @import("reflect.zig");
const slot = @import("slot.zig");

pub fn of(comptime kind: projection.Kind, comptime options: projection.Options, comptime Fields: type) []const u8 {
    comptime {
        @setEvalBranchQuota(10_000_000);
        var text: []const u8 = "{\"abi\":1,\"name\":" ++ quote(options.name);
        if (options.version.len > 0) text = text ++ ",\"version\":" ++ quote(options.version);
        text = text ++ ",\"state\":" ++ quote(@tagName(kind));
        if (options.key.len > 0) text = text ++ ",\"key\":" ++ quote(options.key);
        for (options.events, 0..) |name, i| text = text ++ (if (i == 0) ",\"events\":[" else ",") ++ quote(name);
        if (options.events.len > 0) text = text ++ "]";
        const fields = reflect.fields(Fields);
        for (fields, 0..) |field, i| {
            const Type = slot.declared(event.bare(field.type));
            text = text ++ (if (i == 0) ",\"fields\":[" else ",") ++
                "{\"path\":" ++ quote(field.name) ++ ",\"type\":\"" ++ @tagName(Type) ++ "\"}";
        }
        if (fields.len > 0) text = text ++ "]";
        return text ++ ",\"sdk\":\"refold-zig\"}";
    }
}
