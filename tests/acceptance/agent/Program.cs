// A stand-in of the agent for the acceptance job: this is not the product. It reads the settings files as the agent does, opens its
// certificate, writes into the folder Temp, and answers.
using System.Security.Cryptography.X509Certificates;

var builder = WebApplication.CreateBuilder(args);
var runtime = builder.Environment.ContentRootPath;
builder.Configuration.AddJsonFile(Path.Combine(runtime, "appsettings.agent.json"), optional: false);
var thumbprint = builder.Configuration["EncryptionCertificate:Thumbprint"];
if (thumbprint is not null)
{
    using var store = new X509Store(StoreName.My, StoreLocation.LocalMachine);
    store.Open(OpenFlags.ReadOnly);
    var found = store.Certificates.Find(X509FindType.FindByThumbprint, thumbprint, validOnly: false);
    if (found.Count == 0) throw new InvalidOperationException($"no certificate {thumbprint} in LocalMachine\\My");
    using var key = found[0].GetRSAPrivateKey() ?? throw new InvalidOperationException($"no private key of {thumbprint}");
    key.Decrypt(key.Encrypt([1], System.Security.Cryptography.RSAEncryptionPadding.OaepSHA256), System.Security.Cryptography.RSAEncryptionPadding.OaepSHA256);
}
File.WriteAllText(Path.Combine(runtime, "..", "Temp", "stand-in.txt"), "written by the stand-in agent");
var app = builder.Build();
app.MapGet("/", () => $"stand-in agent {builder.Configuration["OpenId:AgentIdentifier"]}");
app.Run();
