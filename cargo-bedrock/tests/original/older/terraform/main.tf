# The functions of the app.
module "systems" {
  source = "./lambda"
  name   = "star-map-systems"
}
