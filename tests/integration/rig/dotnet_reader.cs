// What .NET makes of a settings file and of a web.config: refused, or every value that it reads.
//
// Written after the behaviour of Microsoft.Extensions.Configuration.Json, which is no part of PowerShell, on the
// System.Text.Json and System.Xml that are.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Xml;

namespace Imops {
    public static class DotnetReader {
        // Takes a file in base64; returns one line of JSON: {"refused": why}, or {"values": [[path, value]...], "repeated": bool}.
        public static string Settings(string file) {
            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            var order = new List<string>();
            bool repeated = false;
            try { Load(file, values, order, ref repeated); }
            catch (Exception error) { return JsonSerializer.Serialize(new Dictionary<string, string> { { "refused", error.GetType().Name + ": " + error.Message } }); }
            var pairs = new List<string[]>();
            foreach (var path in order) pairs.Add(new[] { path, values[path] });
            return JsonSerializer.Serialize(new Dictionary<string, object> { { "values", pairs }, { "repeated", repeated } });
        }

        static void Load(string file, Dictionary<string, string> values, List<string> order, ref bool repeated) {
            string text;
            using (var reader = new StreamReader(new MemoryStream(Convert.FromBase64String(file)))) text = reader.ReadToEnd();
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            using (var document = JsonDocument.Parse(text, options)) {
                if (document.RootElement.ValueKind != JsonValueKind.Object) throw new FormatException("no object");
                Visit(document.RootElement, null, values, order, ref repeated);
            }
        }

        // Takes files in base64, with commas between them, in load order; returns one line of JSON: {"refused": why}, or
        // {"values": {path: value...}, "children": {path: [key...]...}, "repeated": bool}; the root's path is "(root)",
        // which no settings file of the tests has as a key.
        //
        // After ConfigurationRoot (GetConfiguration, GetChildrenImplementation), ConfigurationProvider.GetChildKeys and
        // ConfigurationKeyComparer.
        public static string Merged(string files) {
            var providers = new List<Dictionary<string, string>>();
            bool repeated = false;
            try {
                foreach (var file in files.Split(',')) {
                    providers.Add(new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase));
                    Load(file, providers[providers.Count - 1], new List<string>(), ref repeated);
                }
            }
            catch (Exception error) { return JsonSerializer.Serialize(new Dictionary<string, string> { { "refused", error.GetType().Name + ": " + error.Message } }); }
            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var provider in providers)
                foreach (var key in provider.Keys) values[key] = Get(providers, key);
            var children = new Dictionary<string, List<string>>();
            Walk(providers, null, children);
            return JsonSerializer.Serialize(new Dictionary<string, object> { { "values", values }, { "children", children }, { "repeated", repeated } });
        }

        static string Get(List<Dictionary<string, string>> providers, string key) {
            for (int i = providers.Count - 1; i >= 0; i--) {
                string value;
                if (providers[i].TryGetValue(key, out value)) return value;
            }
            return null;
        }

        static void Walk(List<Dictionary<string, string>> providers, string parent, Dictionary<string, List<string>> children) {
            var keys = new List<string>();
            foreach (var provider in providers) {
                foreach (var key in provider.Keys) {
                    if (parent == null) keys.Add(Segment(key, 0));
                    else if (key.Length > parent.Length && key.StartsWith(parent, StringComparison.OrdinalIgnoreCase) && key[parent.Length] == ':') keys.Add(Segment(key, parent.Length + 1));
                }
                keys.Sort(CompareKeys);
            }
            var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            var distinct = new List<string>();
            foreach (var key in keys) if (seen.Add(key)) distinct.Add(key);
            if (distinct.Count == 0) return;
            children[parent ?? "(root)"] = distinct;
            foreach (var key in distinct) Walk(providers, parent == null ? key : parent + ":" + key, children);
        }

        static string Segment(string key, int start) {
            int end = key.IndexOf(':', start);
            return end < 0 ? key.Substring(start) : key.Substring(start, end - start);
        }

        static int CompareKeys(string one, string other) {
            int first, second;
            bool oneIs = int.TryParse(one, out first), otherIs = int.TryParse(other, out second);
            if (!oneIs && !otherIs) return string.Compare(one, other, StringComparison.OrdinalIgnoreCase);
            return oneIs && otherIs ? first - second : oneIs ? -1 : 1;
        }

        static void Visit(JsonElement element, string path, Dictionary<string, string> values, List<string> order, ref bool repeated) {
            int count = 0;
            switch (element.ValueKind) {
                case JsonValueKind.Object:
                    var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                    foreach (var property in element.EnumerateObject()) {
                        repeated |= !names.Add(property.Name);
                        Visit(property.Value, path == null ? property.Name : path + ":" + property.Name, values, order, ref repeated);
                        count++;
                    }
                    break;
                case JsonValueKind.Array:
                    foreach (var item in element.EnumerateArray()) Visit(item, path + ":" + count++, values, order, ref repeated);
                    break;
                default:
                    if (values.ContainsKey(path)) throw new FormatException("the key '" + path + "' is there already");
                    // null, {} and [] are shown alike: .NET 8 and .NET 10 tell null from "" in opposite places.
                    Keep(path, element.ValueKind == JsonValueKind.Null ? null : element.ToString(), values, order);
                    return;
            }
            if (count == 0 && path != null) Keep(path, null, values, order);
        }

        static void Keep(string path, string value, Dictionary<string, string> values, List<string> order) {
            if (!values.ContainsKey(path)) order.Add(path);
            values[path] = value;
        }

        // Takes a file in base64; returns one line of JSON: {"refused": why}, or {"elements": [[depth, name, attribute, value...]...]}.
        public static string Xml(string file) {
            var elements = new List<string[]>();
            try {
                var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit };
                using (var reader = XmlReader.Create(new MemoryStream(Convert.FromBase64String(file)), settings)) {
                    while (reader.Read()) {
                        if (reader.NodeType != XmlNodeType.Element) continue;
                        var shown = new List<string> { reader.Depth.ToString(), reader.Name };
                        while (reader.MoveToNextAttribute()) { shown.Add(reader.Name); shown.Add(reader.Value); }
                        elements.Add(shown.ToArray());
                    }
                }
            }
            catch (Exception error) { return JsonSerializer.Serialize(new Dictionary<string, string> { { "refused", error.GetType().Name + ": " + error.Message } }); }
            return JsonSerializer.Serialize(new Dictionary<string, object> { { "elements", elements } });
        }

        // Returns, as JSON, every character (by code point) that .NET holds equal to another one when case does not count.
        public static string Cases() {
            var pairs = new List<int[]>();
            for (int c = 0; c < 0x110000; c++) {
                if (c >= 0xD800 && c < 0xE000) continue;
                string one = char.ConvertFromUtf32(c);
                foreach (var other in new[] { one.ToUpperInvariant(), one.ToLowerInvariant() })
                    if (other != one && string.Equals(one, other, StringComparison.OrdinalIgnoreCase)) pairs.Add(new[] { c, char.ConvertToUtf32(other, 0) });
            }
            return JsonSerializer.Serialize(pairs);
        }
    }
}
