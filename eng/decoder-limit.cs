#:project ../src/Rlcm/Rlcm.csproj
#:property PublishAot=false

// What the embedded model's autoencoder leaves of pictures that a policy could ask it for: every second picture of the gallery that shows
// an animal, blurred, compressed, in mosaics and paler, as it is and through the autoencoder. Mean JPEG size against unaltered ones, and
// the share that is recognized. Usage: dotnet run eng/decoder-limit.cs -- models/emoji-lcm

using System.Globalization;
using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Rewards;
using TorchSharp;
using static TorchSharp.torch;

if (args is not [var folder])
{
    Console.Error.WriteLine("usage: dotnet run eng/decoder-limit.cs -- MODEL");
    return 2;
}

var gallery = Gallery.Read(Path.Combine(folder, Gallery.FolderName));
var recognizer = new Recognizer(gallery);
using var vae = VaeFolder.Load(Path.Combine(folder, "vae"));
int[] animals = [.. Enumerable.Range(0, gallery.Entries.Count).Where(i => AnimalTable.ShownBy(gallery.Entries[i].Codepoint) is not null).Where((_, i) => i % 2 == 0)];
var plain = new ImageBatch([.. animals.SelectMany(i => gallery.Pictures[i].ToArray())], animals.Length, gallery.Pictures.Height, gallery.Pictures.Width).ToPictures();

using var noGrad = no_grad();
var (size, decodedSize) = (Size(plain.ToImages()), Size(Through(plain)));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{animals.Length} pictures: {size:0.000} kB, through the autoencoder {decodedSize:0.000} kB"));
Show("unaltered", plain);
foreach (var sigma in (double[])[2, 4, 6])
    Show($"blur of {sigma} pixels", PictureVariants.Blur(plain, sigma));
foreach (var quality in (int[])[10, 1])
    Show($"JPEG of quality {quality}", JpegFile.RoundTrip(plain.ToImages(), quality).ToPictures());
Show("blur of 2, quality 10", PictureVariants.Compress(plain, 2, 10));
Show("mosaic of 8", PictureVariants.Mosaic(plain, 8));
Show("0.4 of contrast", PictureVariants.Contrast(plain, 0.4));
return 0;

void Show(string name, Tensor pictures)
{
    var (shown, decoded) = (pictures.ToImages(), Through(pictures));
    Console.WriteLine($"{name,-22}: {Change(Size(shown), size)}, recognized {Share(shown)}; through the autoencoder {Change(Size(decoded), decodedSize)}, {Share(decoded)}");
}

ImageBatch Through(Tensor pictures) => ImageBatch.Concatenate([.. pictures.split(8).Select(part =>
{
    using var scope = NewDisposeScope();
    return vae.forward(part).ToImages();
})]);

double Size(ImageBatch pictures) => Enumerable.Range(0, pictures.Count).Average(i => JpegSize.Measure(pictures[i], pictures.Height, pictures.Width) / 1000.0);

string Share(ImageBatch pictures) => Percent(recognizer.Recognize(pictures).Zip(animals, (found, i) => found.Entry.Shows == gallery.Entries[i].Shows ? 1.0 : 0).Average(), "0");

string Change(double one, double other) => Percent(one / other - 1, "+0;-0;0");

string Percent(double share, string format) => (100 * share).ToString(format, CultureInfo.InvariantCulture) + " %";
